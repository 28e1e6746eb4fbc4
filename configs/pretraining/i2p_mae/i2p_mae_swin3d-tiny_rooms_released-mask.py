# I2P-MAE on generated rooms with the masks of the released code: a softmax of the saliency as it is
_base_ = ['./i2p_mae_swin3d-tiny_rooms.py']

model = dict(masker=dict(standardize=False))
