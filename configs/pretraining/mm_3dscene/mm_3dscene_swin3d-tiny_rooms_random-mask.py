# The control of MM-3DScene on generated rooms: as many voxels are visible and in the target, any of them
_base_ = ['./mm_3dscene_swin3d-tiny_rooms.py']

model = dict(masker=dict(_delete_=True, type='RandomVoxels', visible=(0.2, 0.9), gap=0.1))
