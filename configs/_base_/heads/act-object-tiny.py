# Both stages of ACT in one run: over its first half the autoencoder learns beside the student, then it
# stays. The transformer inside it has random weights: a plain installation holds no pretrained one.
_base_ = ['../backbones/token-transformer-plain-tiny.py']

model = dict(
    type='ACT',
    data_preprocessor=dict(type='ObjectPreprocessor'),
    backbone=_base_.encoder,
    decoder=_base_.decoder,
    teacher=dict(
        type='ACTAutoencoder',
        channels=96,
        num_codes=64,
        code_gain=6.0,
        num_tokens=32,
        group_size=32,
        stem_channels=[32, 64],
        graph_channels=[32, 64, 96, 128],
        prompted=dict(
            type='PromptedTransformer',
            channels=96,
            transformer=dict(type='FrozenTransformer', channels=96, depth=3, num_heads=4),
            num_prompts=8,
            prompt_dropout=0.1,
        ),
        decoder=dict(
            type='CoarseFineFolding', in_channels=96, coarse_channels=128, fold_channels=64, num_coarse=8
        ),
    ),
    masker=dict(type='SalientCells', visible=_base_.visible, temperature=float('inf')),
    criterion=dict(type='CosineDistance', loss_weight=1.0),
    teacher_weight=1.0,
    standardize_features=True,
)
value_schedules = [
    dict(type='ValueScheduleHook', target='teacher_weight', base=1.0, final=0.0, warmup=149, end=150),
    dict(type='ValueScheduleHook', target='teacher.temperature', base=1.0, final=0.0625, end=150),
    dict(type='ValueScheduleHook', target='teacher.code_weight', base=0.02, final=0.1, end=150),
]
