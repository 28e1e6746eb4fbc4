# Point prompt training of a segmentor (arXiv 2308.09718); a config adds conditions, the network and its width
model = dict(
    type='PPT',
    norms='both',
    model=dict(
        type='VoxelSegmentor',
        data_preprocessor=dict(type='VoxelPreprocessor'),
        decode_head=dict(
            type='LanguageAlignedHead',
            text_table='indoor36_all-minilm-l6-v2.npz',
            logit_scale=25.0,  # MiniLM's names lie farther apart than CLIP's, whose scale is 100
        ),
    ),
)
custom_hooks = [dict(type='ConditionLossHook'), dict(type='ExportHook')]
