# SL3D on generated rooms with targets of each step: what another crop of the scan says of the same cells
_base_ = ['./sl3d_swin3d-tiny_rooms.py']

model = dict(targets=dict(_delete_=True, type='OnlineLabels', temperature=0.05, iterations=3))
train_dataloader = dict(dataset=dict(pipeline={{_base_.paired_pipeline}}))
custom_hooks = [*_base_.custom_hooks[:-1]]  # all but the one that labels cells
