# The student of ACT on ShapeNet-55 (cfgs/pretrain/pretrain_act_distill.yaml and tools/builder.py in
# github.com/RunpeiDong/ACT): batches of 128, 409 an epoch; warm-up of 10 epochs, a cosine over 300. The
# original steps once an epoch and begins its cosine with the warm-up.
_base_ = ['./adamw-cosine-objects_196500i.py']

param_scheduler = [
    dict(type='LinearLR', start_factor=1e-3, by_epoch=False, begin=0, end=4090),
    dict(type='CosineAnnealingLR', eta_min=1e-7, by_epoch=False, begin=4090, end=122700, T_max=118610),
]
train_cfg = dict(max_iters=122700)
