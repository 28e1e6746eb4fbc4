# The control of MD on generated rooms: the two hints of a mixture are exchanged, or not, at random
_base_ = ['./md_swin3d-tiny_rooms.py']

model = dict(mixer=dict(shuffle=True))
