# The control of IAE on generated rooms: the distances belong to other queries of the scene
_base_ = ['./iae_swin3d-tiny_rooms.py']

train_dataloader = dict(dataset=dict(pipeline={{_base_.shuffled_pipeline}}))
