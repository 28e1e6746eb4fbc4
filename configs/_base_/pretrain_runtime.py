# Runtime of pretraining: by iterations, no validation. Moving-average teachers, where a method has one,
# follow their student; student.pth and what else the method exports are written at the end.
custom_imports = dict(imports=['swin3d_mmdet3d'], allow_failed_imports=False)
default_scope = 'mmdet3d'

default_hooks = dict(
    timer=dict(type='IterTimerHook'),
    logger=dict(type='LoggerHook', interval=50),
    param_scheduler=dict(type='ParamSchedulerHook'),
    checkpoint=dict(type='AtomicCheckpointHook', by_epoch=False, interval=5000, max_keep_ckpts=2),
    sampler_seed=dict(type='DistSamplerSeedHook'),
    position_seed=dict(type='PositionSeedHook'),
    sync_batch_norm=dict(type='SyncBatchNormHook'),
    finite_weights=dict(type='FiniteWeightsHook'),
    finite_training=dict(type='FiniteTrainingHook'),
)
custom_hooks = [
    dict(type='MomentumTeacherHook'),
    dict(type='CollapseHook', interval=50),
    dict(type='ExportHook'),
]
env_cfg = dict(
    cudnn_benchmark=False,
    mp_cfg=dict(mp_start_method='fork', opencv_num_threads=0),
    dist_cfg=dict(backend='nccl'),
)
log_processor = dict(type='LogProcessor', window_size=50, by_epoch=False)
log_level = 'INFO'
load_from = None
resume = False
randomness = dict(seed=0)
