# Masked Scene Contrast on generated rooms without reconstruction: masked contrast alone
_base_ = ['./masked_scene_contrast_swin3d-tiny_rooms.py']

model = dict(reconstruction=dict(_delete_=True))
