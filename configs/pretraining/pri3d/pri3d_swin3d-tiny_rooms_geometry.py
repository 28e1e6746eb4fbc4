# Pri3D on generated rooms by pixels and voxels alone
_base_ = ['./pri3d_swin3d-tiny_rooms.py']

model = dict(view_matcher=None, depth_head=None, depth_criterion=None)
