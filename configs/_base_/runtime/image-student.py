# The pretrained image network that a recipe of configs/images starts from: IMAGE=work_dirs/NAME/image.pth in
# the environment, or --cfg-options image_student=...; 'none' leaves the start of its own, ImageNet or random
# weights. They train on the first SCENES scenes.
image_student = '{{$IMAGE:work_dirs/pretrain/image.pth}}'
scenes = int('{{$SCENES:10}}')
if scenes < 1:
    raise ValueError(f'SCENES must be at least 1, got {scenes}')
image_weights = dict(type='StrictPretrained', checkpoint=image_student, prefix='image.backbone.')
head_weights = dict(type='StrictPretrained', checkpoint=image_student, prefix='pixel_head.')
if image_student == 'none':
    image_weights = head_weights = None
