# The control of Ponder on generated rooms: rays have the depths and colours of other rays of the scene
_base_ = ['./ponder_swin3d-tiny_rooms.py']

train_dataloader = dict(dataset=dict(pipeline={{_base_.shuffled_pipeline}}))
