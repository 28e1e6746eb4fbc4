# Swin3D's claim in small: labels of 240 generated rooms in the layout of Structured3D, the domain of the
# paper's pretraining (arXiv 2304.06906), for ten times the steps:
# python -m swin3d_mmdet3d.tools.make_rooms --domain structured3d \
#     --out data/many_structured3d --rooms 240 --points 30000 --seed 12
_base_ = ['./supervised_swin3d-tiny_rooms.py']

data = dict(data_root='data/many_structured3d/')
train_dataloader = dict(dataset=dict(dataset=data))
val_dataloader = dict(dataset=data)
test_dataloader = val_dataloader
param_scheduler = [dict(_base_.rise, end=100), dict(_base_.fall, begin=100, end=6000, T_max=5900)]
train_cfg = dict(max_iters=6000, val_interval=6000)
default_hooks = dict(checkpoint=dict(interval=6000))
