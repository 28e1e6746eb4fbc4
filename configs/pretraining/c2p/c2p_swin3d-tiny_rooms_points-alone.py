# C2P on generated rooms without the terms of frames
_base_ = ['./c2p_swin3d-tiny_rooms.py']

model = dict(frame_weight=0.0)
