# The contrast of Pri3D's pixels between copies of one frame, in other crops and colours
_base_ = ['./pri3d_swin3d-tiny_rooms.py']

train_dataloader = dict(dataset=dict(pipeline={{_base_.one_frame_pipeline}}))
model = dict(
    backbone=None,
    neck=None,
    matcher=None,
    pixel_projection=None,
    point_head=None,
    depth_head=None,
    depth_criterion=None,
)
