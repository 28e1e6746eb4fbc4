# Sonata with the encoder of the tiny Swin3D of the generated rooms: few prototypes, a sharp teacher, features
# that are standardised before the head, masks that grow over half of the training
_base_ = ['../backbones/swin3d-tiny.py']

model = dict(
    type='Sonata',
    data_preprocessor=dict(type='ViewPreprocessor', voxel_size=0.1, **_base_.inputs),
    backbone=dict(_base_.encoder, drop_path_rate=0.0),
    levels=dict(type='LevelConcat', levels=(1, 2, 3, 4)),
    head=dict(
        type='PrototypeHead',
        in_channels=sum(_base_.encoder.channels[1:]),
        num_prototypes=32,
        hidden_channels=256,
        embed_channels=64,
        standardize=True,
    ),
    masker=dict(type='RandomCells', cell_size=0.4, ratio=0.6),
    matcher=dict(type='RadiusMatcher', radius=0.32, max_pairs=65536),
    criterion=dict(type='SelfDistillation', student_temperature=0.1, teacher_temperature=0.02, iterations=3),
    momentum=0.99,
    num_global=2,
    weights=dict(masked=2 / 8, rolled=2 / 8, local=4 / 8),
)
warm_up = dict(type='ValueScheduleHook', warmup=300, end=600)
value_schedules = [
    dict(warm_up, target='masker.cell_size', start=0.1, base=0.4),
    dict(warm_up, target='masker.ratio', start=0.1, base=0.6),
    dict(type='ValueScheduleHook', target='teacher.momentum', base=0.99, final=1.0, end=600),
]
