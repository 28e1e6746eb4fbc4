# A linear classifier of frozen features; a config adds backbone, decoder, their width and the classes' number
_base_ = ['./voxel-seg.py']

model = dict(decode_head=dict(_delete_=True, type='LinearProbeHead'))
custom_hooks = [dict(type='FreezeHook', names=['backbone', 'neck'])]
