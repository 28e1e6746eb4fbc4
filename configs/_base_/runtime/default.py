# Runtime of training with labels: validation, the best checkpoint, checks of classes and boxes
_base_ = ['./training.py']

default_hooks = dict(
    checkpoint=dict(interval=1, save_best='miou', rule='greater'),
    resumed_validation=dict(type='ResumedValidationHook'),
    class_agreement=dict(type='ClassAgreementHook'),
    learnable_boxes=dict(type='LearnableBoxesHook'),
)
log_processor = dict(by_epoch=True)
randomness = dict(seed=123)  # manual_seed of the original's recipes
