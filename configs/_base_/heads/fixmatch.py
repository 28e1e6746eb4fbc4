# FixMatch of a segmentor: threshold and weight as released with arXiv 2001.07685 (google-research/fixmatch,
# fixmatch.py). A config adds the network, its width and the classes.
model = dict(
    type='FixMatch',
    threshold=0.95,
    weight=1.0,
    model=dict(
        type='VoxelSegmentor',
        data_preprocessor=dict(type='ViewPreprocessor'),
        decode_head=dict(type='VoxelSegHead'),
    ),
)
custom_hooks = [dict(type='MomentumTeacherHook'), dict(type='ExportHook')]
