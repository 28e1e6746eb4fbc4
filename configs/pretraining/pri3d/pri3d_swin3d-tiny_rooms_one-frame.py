# The contrast of Pri3D's pixels between copies of one frame, in other crops and colours
_base_ = ['./pri3d_swin3d-tiny_rooms_view.py']

train_dataloader = dict(dataset=dict(pipeline={{_base_.one_frame_pipeline}}))
