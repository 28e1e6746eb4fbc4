# PointMCD from an image network with random weights: what a teacher that knows nothing gives
_base_ = ['./point_mcd_swin3d-tiny_rooms.py']

random_image = dict(_base_.image, backbone=dict(type='EfficientNetLite0', pretrained=False))
model = dict(objectives=[dict(_base_.distillation, image=random_image)])
