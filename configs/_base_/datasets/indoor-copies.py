# A cloud with frames and a turned, scaled and mirrored copy of it: views of SimIPU (arXiv 2112.04680). Each
# data set adds its files and voxel size.
half_pi = 3.141592653589793 / 2

move_copy = [
    dict(type='DropFrames'),
    dict(type='GlobalRotScaleTrans', rot_range=[-half_pi, half_pi], scale_ratio_range=[0.75, 1.25]),
    dict(type='RandomFlip3D', flip_ratio_bev_horizontal=0.5, flip_ratio_bev_vertical=0.5),
    dict(type='PositiveShift'),
]
finish_view = [dict(type='NormalizeColorSigned')]
