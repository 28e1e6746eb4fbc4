# DPCo on generated rooms without its global term
_base_ = ['./dpco_swin3d-tiny_rooms.py']

model = dict(global_formats=[])
