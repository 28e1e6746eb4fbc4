# Point prompt training of the sparse U-Net (SpUNet-v1m3: 2, 3, 4, 6 blocks down, 2 each up): the paper's own
# recipe (arXiv 2308.09718, section 5). To reach after fine-tuning: ScanNet val 76.4 mIoU, as listed for it.
_base_ = [
    '../_base_/datasets/indoor-trio-seg.py',
    '../_base_/schedules/sgd-onecycle_100e.py',
    '../_base_/default_runtime.py',
]

conditions = ['Structured3D', 'ScanNet', 'S3DIS']
model = dict(
    type='PPT',
    conditions=conditions,
    norms='both',
    model=dict(
        type='VoxelSegmentor',
        data_preprocessor=dict(type='VoxelPreprocessor', voxel_size=0.02, features=('rgb', 'normal')),
        backbone=dict(type='SparseUNet34', in_channels=6, bn_momentum=0.01),
        decode_head=dict(
            type='LanguageAlignedHead',
            in_channels=96,
            text_table='indoor36_all-minilm-l6-v2.npz',
            logit_scale=25.0,  # MiniLM's names lie farther apart than CLIP's, whose scale is 100
            class_names={name: name for name in conditions},
        ),
    ),
)
# norms of other data sets have no gradient in a step
find_unused_parameters = True
default_hooks = dict(checkpoint=dict(save_best='mean/miou'))
custom_hooks = [dict(type='ConditionLossHook'), dict(type='FoldedExportHook')]
