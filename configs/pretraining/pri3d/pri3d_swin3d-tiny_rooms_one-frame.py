# The contrast of Pri3D's pixels between copies of one frame, in other crops and colours
_base_ = ['./pri3d_swin3d-tiny_rooms.py']

train_dataloader = dict(dataset=dict(pipeline={{_base_.one_frame_pipeline}}))
model = _base_.pixels_alone
