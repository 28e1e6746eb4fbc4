# I2P-MAE on generated rooms without its 3D term: the features of pixels alone
_base_ = ['./i2p_mae_swin3d-tiny_rooms.py']

model = dict(point_head=None)
