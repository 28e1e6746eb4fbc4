# I2P-MAE on generated rooms without its 2D term: the points of hidden cells alone, under guided masks
_base_ = ['./i2p_mae_swin3d-tiny_rooms.py']

model = dict(feature_head=None)
