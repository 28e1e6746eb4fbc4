# ACT on generated rooms, within minutes on a CPU: at cells that are hidden, the features of their pixels. It
# is I2P-MAE's network with random masks, no points and ACT's distance.
_base_ = [
    '../../_base_/datasets/rooms-frames.py',
    '../../_base_/heads/i2p-mae-tiny.py',
    '../../_base_/schedules/pretrain-tiny_600i.py',
]

model = dict(
    masker=dict(visible=0.2, temperature=float('inf')),  # 51 of 64 tokens are hidden
    point_head=None,
    point_criterion=None,
    feature_criterion=dict(_delete_=True, type='CosineDistance'),
    feature_at='hidden',
)
optim_wrapper = dict(optimizer=dict(lr=0.001))  # better on rooms of another seed than 0.003, docs/comparison
