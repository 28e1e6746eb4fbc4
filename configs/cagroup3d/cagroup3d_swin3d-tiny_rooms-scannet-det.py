# CAGroup3D on a tiny Swin3D, on generated rooms in the layout of ScanNet: minutes on a CPU
_base_ = [
    '../_base_/datasets/rooms-scannet-det.py',
    '../_base_/heads/cagroup3d.py',
    '../_base_/schedules/rooms-det_1600i.py',
]

# 0.3 of the mean sizes of the generated boxes; a class is as likely to lie along x as along y
class_sizes = [
    [0.22, 0.22, 0.36],  # cabinet
    [0.51, 0.51, 0.30],  # bed
    [0.16, 0.16, 0.27],  # chair
    [0.41, 0.41, 0.25],  # sofa
    [0.30, 0.30, 0.18],  # table
    [0.18, 0.18, 0.63],  # door
    [0.28, 0.28, 0.42],  # window
    [0.23, 0.23, 0.51],  # bookshelf
    [0.10, 0.10, 0.17],  # picture
    [0.41, 0.41, 0.31],  # counter
    [0.32, 0.32, 0.22],  # desk
    [0.14, 0.14, 0.67],  # curtain
    [0.22, 0.22, 0.51],  # refrigerator
    [0.14, 0.14, 0.53],  # shower curtain
    [0.15, 0.15, 0.25],  # toilet
    [0.15, 0.15, 0.09],  # sink
    [0.36, 0.36, 0.20],  # bathtub
    [0.11, 0.11, 0.12],  # garbage bin
]
sizes = dict(
    channels=[16, 32, 64, 96],
    num_heads=[2, 4, 8, 8],
    window_sizes=[5, 5, 5, 5],
    quant_size=4,
    signals=('xyz', 'rgb'),
)
model = dict(
    data_preprocessor=dict(voxel_size=0.08),
    backbone=dict(
        type='Swin3D',
        in_channels=6,
        depths=[1, 1, 2, 2],
        down_stride=2,
        stem_transformer=False,
        drop_path_rate=0.0,
        out_indices=(0, 1, 2, 3),
        **sizes,
    ),
    neck=dict(type='Swin3DDecoder', attention=False, out_level=1, **sizes),
    bbox_head=dict(
        in_channels=32,
        channels=32,
        class_sizes=class_sizes,
        kernel_size=3,
        expand_kernel_size=3,
        semantic_threshold=0.1,
        min_semantic_threshold=0.1,
        exact_places=True,  # 16 cm voxels, and pictures of 5 cm
    ),
    roi_head=dict(in_channels=32, channels=32, grid_size=5, kernel_size=3, fc_channels=[64], dropout=0.0),
    train_cfg=dict(num_rois=64),
    test_cfg=dict(nms_pre=100),
)
