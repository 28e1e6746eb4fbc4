# The autoencoder of ACT around ViT-B/16 (cfgs/autoencoder/act_dvae_with_pretrained_transformer.yaml in
# github.com/RunpeiDong/ACT; of its prompts that of the second stage is told, 64 a block: the first one's file
# says none, and its weights would not load there). TRANSFORMER = a local folder of a ViT, DeiT, BERT or CLIP,
# as save_pretrained of the transformers library writes it; the paper's is ViT-B/16 at 384 x 384.
autoencoder = dict(
    type='ACTAutoencoder',
    data_preprocessor=dict(type='ObjectPreprocessor'),
    channels=384,
    num_codes=8192,
    num_tokens=64,
    group_size=32,
    prompted=dict(
        type='PromptedTransformer',
        channels=384,
        transformer=dict(type='PretrainedTransformer', folder='{{$TRANSFORMER:data/vit-base-patch16-384}}'),
        num_prompts=64,
        prompt_dropout=0.1,
    ),
    decoder=dict(
        type='CoarseFineFolding',
        in_channels=384,
        coarse_channels=1024,
        fold_channels=512,
        num_coarse=8,
        extent=0.05,
    ),
    chamfer=dict(type='ChamferLoss', squared=False),
)
model = autoencoder
# tools/runner_autoencoder.py
value_schedules = [
    dict(type='ValueScheduleHook', target='temperature', base=1.0, final=0.0625, end=100000),
    dict(type='ValueScheduleHook', target='code_weight', base=0.0, final=0.1, warmup=10000, end=110000),
]
