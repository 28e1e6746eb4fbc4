# The segmentor that travels with the package under S3DIS' prompt: it labels scans as it is, and learns on
# from generated rooms in the layout of S3DIS
_base_ = ['./ppt_swin3d-tiny_rooms-5cm.py']

load_from = 'swin3d_mmdet3d::ppt_swin3d-tiny_rooms-5cm'
model = dict(norms='decoupled')  # the embeddings are folded into the norms of each condition
train_dataloader = dict(
    batch_sampler=dict(ratios=[1]),
    dataset=dict(datasets=[_base_.train_sources.S3DIS]),
)
val_dataloader = dict(dataset=dict(_base_.val_sources.S3DIS, _delete_=True))
test_dataloader = val_dataloader
optim_wrapper = dict(optimizer=dict(lr=0.0006))
param_scheduler = [_base_.rise, dict(_base_.fall, end=1400, T_max=1300)]
train_cfg = dict(max_iters=1400, val_interval=1400)
default_hooks = dict(checkpoint=dict(save_best='S3DIS/miou'))
