# S3DIS on 5 cm voxels, of PointContrast and PPKT (arXiv 2007.10985, 2104.04687)
_base_ = ['./s3dis-seg.py']

voxel_size = 0.05  # m
train_pipeline = [
    dict(step, voxel_size=voxel_size) if step.type == 'GridSample' else step for step in _base_.train_pipeline
]
train_dataloader = dict(dataset=dict(dataset=dict(pipeline=train_pipeline)))
