# An indoor scan without labels in which an object moves: what the data sets of 4DContrast share. Each adds
# its files, voxel size, size of crops and the objects. Two frames are augmented by themselves, as crops
# elsewhere; the frames of the sequence together. How objects are placed and moved is ours.
_base_ = ['./indoor-crops.py']

insert_object = dict(
    type='InsertMovingObject',
    num_frames=3,
    size=(0.4, 1.2),
    step=(0.2, 0.4),
    turn=0.35,  # 20 degrees
    clearance=0.1,
)
insert_shapenet_object = dict(
    insert_object,
    max_points=60000,  # of the scene around the object's way
    up='y',
    objects=dict(
        type='ObjectCloudDataset', data_root='data/ShapeNet55-34/', layout='shapenet55', split='train'
    ),
)
sequence_views = dict(type='SequenceViews', sequence_pipeline=_base_.augment_view)
