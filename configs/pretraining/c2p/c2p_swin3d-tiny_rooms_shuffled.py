# The control of C2P on generated rooms: points of the complete cloud have the fields of others
_base_ = ['./c2p_swin3d-tiny_rooms.py']

train_dataloader = dict(dataset=dict(pipeline={{_base_.shuffled_pipeline}}))
