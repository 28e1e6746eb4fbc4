# Sonata on generated rooms with the released head, whose features are not standardised
_base_ = ['./sonata_swin3d-tiny_rooms.py']

model = dict(head=dict(standardize=False))
