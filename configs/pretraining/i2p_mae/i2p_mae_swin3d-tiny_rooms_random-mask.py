# I2P-MAE on generated rooms with masks that no image guides: every cell has one chance to be seen
_base_ = ['./i2p_mae_swin3d-tiny_rooms.py']

model = dict(masker=dict(temperature=float('inf')))
