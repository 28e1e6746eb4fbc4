# Generated rooms for Concerto: crops as for Sonata, three frames of the room beside them, normals, 10 cm
# voxels; areas 1, 2, 3, 4 and 6, no labels.
_base_ = ['./rooms-multi-crops.py']

train_pipeline = [
    dict(type='LoadColoredPoints'),
    dict(type='LoadNormals'),
    dict(type='LoadRGBDFrames', num_frames=3),
    dict(type='MatchVisiblePixels', tolerance=0.05),
    dict(type='CropFrames', size=(320, 240), min_kept=0.0),
    dict(type='SourceCoords'),
    dict(_base_.crops, local_pipeline=[dict(type='DropFrames'), *_base_.crops.local_pipeline]),
    _base_.pack_views,
]
train_dataloader = dict(dataset=dict(type='RGBDSceneDataset', pipeline=train_pipeline))
