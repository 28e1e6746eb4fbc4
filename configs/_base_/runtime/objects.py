# Runtime of training on objects with labels, from the student that STUDENT names; 'none' trains from scratch
_base_ = ['./training.py']

student = '{{$STUDENT:work_dirs/i2p_mae_object_shapenet55/student.pth}}'
encoder_weights = dict(type='StrictPretrained', checkpoint=student, prefix='backbone.')
if student == 'none':
    encoder_weights = None
default_hooks = dict(checkpoint=dict(interval=10), resumed_validation=dict(type='ResumedValidationHook'))
log_processor = dict(by_epoch=True)
randomness = dict(seed=0)
