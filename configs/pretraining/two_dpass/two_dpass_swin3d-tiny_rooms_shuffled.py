# The control of 2DPASS: each voxel is shown by the pixel of another
_base_ = ['./two_dpass_swin3d-tiny_rooms.py']

matcher = dict(type='OnePixelPerVoxel', max_pairs=4096, shuffle=True)
model = dict(objectives=[dict(type='TwoDPASS', matcher=matcher, **_base_.images, **_base_.supervision)])
