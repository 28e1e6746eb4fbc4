# The second half of the training of the segmentor that travels with the package: from the first, with normals
# as scans without them get them
_base_ = [
    '../../_base_/datasets/rooms-trio-5cm-estimated-seg.py',
    '../../_base_/methods/ppt-swin3d-tiny.py',
]

load_from = 'work_dirs/ppt_swin3d-tiny_rooms-5cm/decoupled.pth'
model = dict(
    conditions=_base_.conditions,
    norms='decoupled',  # the embeddings are folded into the norms of each condition
    model=dict(
        data_preprocessor=dict(voxel_size=_base_.voxel_size),
        decode_head=dict(class_names={name: name for name in _base_.conditions}),
        # large scenes: the same labels for less memory
        test_cfg=dict(mode='chunks', chunk_size=4.0, max_voxels=400000),
    ),
)
optim_wrapper = dict(optimizer=dict(lr=0.003))
param_scheduler = [_base_.rise, dict(_base_.fall, end=3500, T_max=3400)]
train_cfg = dict(max_iters=3500, val_interval=3500)
default_hooks = dict(checkpoint=dict(interval=500, save_best='mean/miou'))
