# SimIPU on generated rooms with the projection of the points at its random weights, as in the released code
_base_ = ['./simipu_swin3d-tiny_rooms.py']

model = dict(detach='projection')
