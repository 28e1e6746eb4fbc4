# Generated rooms for pretraining by rendering: a fifth of the points of a scene, with rays of several of its
# frames that end in the crop, normals, 10 cm voxels; areas 1, 2, 3, 4 and 6.
# Points left out: release of PonderV2 (arXiv 2310.08586, aad65d6), configs/scannet.
_base_ = ['./rooms-frames.py']

draw_rays = [
    *_base_.load_frames,
    dict(type='SourceCoords'),
    dict(type='GlobalRotScaleTrans', rot_range=[-_base_.pi, _base_.pi], scale_ratio_range=[0.9, 1.1]),
    dict(type='PositiveShift'),
    dict(type='CameraRays', rays_per_frame=160),
    dict(type='RandomPointDropout', drop_ratio=0.8, prob=1.0),
    dict(type='GridSample', voxel_size=_base_.voxel_size),
    dict(type='SphereCrop', max_points=_base_.max_voxels),
]
pack_points = [dict(type='DropFrames'), dict(type='NormalizeColorSigned'), dict(type='PackPretrainInputs')]
train_pipeline = [*draw_rays, dict(type='CropRays'), *pack_points]
shuffled_pipeline = [*draw_rays, dict(type='CropRays', shuffle=True), *pack_points]
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
