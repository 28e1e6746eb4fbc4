# Point prompt training of Swin3D-S on Structured3D, ScanNet and S3DIS. The paper has no Swin3D: norms and
# batches are its own (arXiv 2308.09718, section 5), rates are those of Swin3D on Structured3D.
_base_ = [
    '../_base_/datasets/indoor-trio-seg.py',
    '../_base_/schedules/adamw-onecycle_100e.py',
    '../_base_/default_runtime.py',
]

conditions = ['Structured3D', 'ScanNet', 'S3DIS']
signals = ('xyz', 'rgb', 'normal')
model = dict(
    type='PPT',
    conditions=conditions,
    norms='both',
    model=dict(
        type='VoxelSegmentor',
        data_preprocessor=dict(
            type='VoxelPreprocessor', voxel_size=0.02, features=('rgb', 'normal', 'offset'), signals=signals
        ),
        backbone=dict(
            type='Swin3D',
            in_channels=9,
            channels=[48, 96, 192, 384, 384],
            num_heads=[6, 6, 12, 24, 24],
            window_sizes=[5, 7, 7, 7, 7],
            depths=[2, 4, 9, 4, 4],
            signals=signals,
        ),
        neck=dict(
            type='Swin3DDecoder',
            channels=[48, 96, 192, 384, 384],
            num_heads=[6, 6, 12, 24, 24],
            window_sizes=[5, 7, 7, 7, 7],
            signals=signals,
        ),
        decode_head=dict(
            type='LanguageAlignedHead',
            in_channels=48,
            text_table='indoor36_all-minilm-l6-v2.npz',
            logit_scale=25.0,  # MiniLM's names lie farther apart than CLIP's, whose scale is 100
            class_names={name: name for name in conditions},
        ),
    ),
)
# Adam moves a scale by a step from each of the embedding's 256 entries at once
optim_wrapper = dict(paramwise_cfg=dict(custom_keys={'.modulation.': dict(lr_mult=0.01)}))
# norms of other data sets have no gradient in a step
find_unused_parameters = True
default_hooks = dict(checkpoint=dict(save_best='mean/miou'))
custom_hooks = [dict(type='ConditionLossHook'), dict(type='ExportHook')]
