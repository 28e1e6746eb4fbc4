# Generated rooms in the layout of ScanNet as dense as the samples that detectors take of real scenes, whose
# colours stray as those of cameras do:
# python -m swin3d_mmdet3d.tools.make_rooms --domain scannet \
#     --out data/rooms_scannet_60k --rooms 240 --points 60000 --seed 5
_base_ = ['./rooms-scannet-det.py']

data_root = 'data/rooms_scannet_60k/'
max_points = 24000  # of a training sample
train_pipeline = [
    *_base_.load_points,
    _base_.align_points,
    dict(type='BoxKeepingCrop', max_points=max_points),
    dict(type='ChromaticAutoContrast', prob=0.2),
    dict(type='ChromaticTranslation', prob=0.95, ratio=0.05),
    dict(type='ChromaticJitter', prob=0.95, std=0.05),
    *_base_.augment_points,
]
train_dataloader = dict(dataset=dict(dataset=dict(data_root=data_root, pipeline=train_pipeline)))
val_dataloader = dict(dataset=dict(data_root=data_root))
test_dataloader = val_dataloader
