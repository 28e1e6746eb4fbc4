# Sonata (arXiv 2503.16429) as released (Pointcept, sonata/pretrain-sonata-v1m2-0-uni-teacher-head). A config
# adds the student and the width of its three coarsest levels together.
model = dict(
    type='Sonata',
    data_preprocessor=dict(type='ViewPreprocessor'),
    levels=dict(type='LevelConcat', levels=(2, 3, 4)),
    head=dict(type='PrototypeHead', num_prototypes=4096, hidden_channels=4096, embed_channels=256),
    masker=dict(type='RandomCells', cell_size=0.4, ratio=0.7),
    matcher=dict(type='RadiusMatcher', radius=0.32, max_pairs=1000000),
    criterion=dict(type='SelfDistillation', student_temperature=0.1, teacher_temperature=0.07, iterations=3),
    momentum=0.994,
    num_global=2,
    weights=dict(masked=2 / 8, rolled=2 / 8, local=4 / 8),
)
warm_up = dict(type='ValueScheduleHook', warmup=3000, end=60000)  # 5 %
value_schedules = [
    dict(warm_up, target='masker.cell_size', start=0.1, base=0.4),
    dict(warm_up, target='masker.ratio', start=0.3, base=0.7),
    dict(warm_up, target='criterion.teacher_temperature', start=0.04, base=0.07),
    dict(type='ValueScheduleHook', target='teacher.momentum', base=0.994, final=1.0, end=60000),
]
