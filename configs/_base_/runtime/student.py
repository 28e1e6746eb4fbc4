# The pretrained student that a recipe of configs/transfer starts from: STUDENT=work_dirs/NAME/student.pth in
# the environment, or --cfg-options student=...; 'none' trains from scratch. Few-label recipes and the probes
# of generated rooms train on the first SCENES scenes.
student = '{{$STUDENT:work_dirs/pretrain/student.pth}}'
scenes = int('{{$SCENES:10}}')
if scenes < 1:
    raise ValueError(f'SCENES must be at least 1, got {scenes}')
encoder_weights = dict(type='StrictPretrained', checkpoint=student, prefix='backbone.')
decoder_weights = dict(type='StrictPretrained', checkpoint=student, prefix='neck.')
# of a student that may have no decoder: its list of parts says so
listed_decoder_weights = dict(decoder_weights, if_listed=True)
if student == 'none':
    encoder_weights = decoder_weights = listed_decoder_weights = None
# of a segmentor
from_student = dict(backbone=dict(init_cfg=encoder_weights), neck=dict(init_cfg=listed_decoder_weights))
