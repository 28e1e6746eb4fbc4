# Masked Scene Contrast (arXiv 2303.14191) as released (Pointcept, scannet/pretrain-msc-v1m1-0-spunet-base):
# cross masks of 40 % each, pairs within 3 cm, colours reconstructed. A config adds the student and its width.
model = dict(
    type='MaskedSceneContrast',
    data_preprocessor=dict(type='ViewPreprocessor'),
    masker=dict(type='CrossCells', cell_size=0.1, ratio=0.4),
    matcher=dict(type='RadiusMatcher', radius=0.03, max_pairs=8192),
    criterion=dict(type='InfoNCE', temperature=0.4, loss_weight=1.0),
    reconstruction=dict(color=dict(type='ColorReconstruction', loss_weight=1.0)),
)
