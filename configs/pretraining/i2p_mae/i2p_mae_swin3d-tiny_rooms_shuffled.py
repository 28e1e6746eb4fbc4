# The control of I2P-MAE on generated rooms: each voxel has the pixel of another, for masks and features
_base_ = ['./i2p_mae_swin3d-tiny_rooms.py']

model = dict(matcher=dict(shuffle=True))
