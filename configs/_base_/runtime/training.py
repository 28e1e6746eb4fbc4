# What every training has: registries, hooks of a loop that survives kills and bad numbers, processes, log
custom_imports = dict(imports=['swin3d_mmdet3d'], allow_failed_imports=False)
default_scope = 'mmdet3d'

default_hooks = dict(
    timer=dict(type='IterTimerHook'),
    logger=dict(type='LoggerHook', interval=50, log_metric_by_epoch=False),  # scores at their iteration
    param_scheduler=dict(type='ParamSchedulerHook'),
    checkpoint=dict(type='AtomicCheckpointHook', max_keep_ckpts=2),
    sampler_seed=dict(type='DistSamplerSeedHook'),
    position_seed=dict(type='PositionSeedHook'),
    sync_batch_norm=dict(type='SyncBatchNormHook'),
    process_means=dict(type='ProcessMeanHook'),
    finite_weights=dict(type='FiniteWeightsHook'),
    finite_training=dict(type='FiniteTrainingHook'),
    stop_signal=dict(type='StopSignalHook'),
)
env_cfg = dict(
    cudnn_benchmark=False,
    mp_cfg=dict(mp_start_method='fork', opencv_num_threads=0),
    dist_cfg=dict(backend='nccl'),
)
log_processor = dict(type='LogProcessor', window_size=50)
visualizer = dict(type='Visualizer', vis_backends=[dict(type='LocalVisBackend')])
log_level = 'INFO'
load_from = None
resume = False
