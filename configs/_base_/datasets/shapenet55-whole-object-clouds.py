# ShapeNet-55 for the student of ACT, those of its test too (cfgs/pretrain/pretrain_act_distill.yaml in
# github.com/RunpeiDong/ACT); features tested on ModelNet40 by a linear SVM
_base_ = ['./shapenet55-object-clouds.py']

scale = dict(type='RandomAxisScaleShift', scale_range=(2 / 3, 3 / 2), shift=0.2)
train_pipeline = [*_base_.train_pipeline[:-1], scale, _base_.train_pipeline[-1]]
halves = [dict(_base_.settings, split=split, pipeline=train_pipeline) for split in ('train', 'test')]
auto_scale_lr = dict(enable=False, base_batch_size=128)
train_dataloader = dict(
    batch_size=128,
    dataset=dict(_delete_=True, type='ConcatDataset', datasets=halves),
)
