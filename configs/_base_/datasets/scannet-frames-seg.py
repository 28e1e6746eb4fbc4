# ScanNet with labels and two frames a sample, every 25th of the streams as prepare_rgbd_frames writes them,
# for objectives beside labels. Tests are those of ScanNet without frames.
_base_ = ['./scannet-seg.py']

load_frames = [
    dict(type='FindSceneFrames'),
    dict(type='LoadRGBDFrames', num_frames=2, max_depth=10.0),
    dict(type='MatchVisiblePixels', tolerance=0.05),
    # as of frames without labels
    dict(type='ResizeFrames', size=(640, 480), ratio_range=(0.8, 1.2)),
    dict(type='CropFrames', size=(640, 480), min_kept=0.5),
    dict(type='FlipFrames', prob=0.5),
]
pack_fields = dict(type='PackFieldInputs', keys=['points', 'pts_semantic_mask'])
train_pipeline = [*_base_.load_points, *load_frames, *_base_.augment_points[:-1], pack_fields]
train_dataloader = dict(dataset=dict(dataset=dict(pipeline=train_pipeline)))
