# FixMatch on generated rooms, with the pseudo-labels of a moving average of the segmentor
_base_ = ['./fixmatch_swin3d-tiny_rooms.py']

model = dict(momentum=0.99)
