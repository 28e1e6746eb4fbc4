# MM-3DScene (arXiv 2212.09948); numbers of the release, pointtransformer_pretrain.py and tool/pretrain.py of
# its segmentation. A config adds the student and the widths of its scales, `channels`.
model = dict(
    type='MM3DScene',
    data_preprocessor=dict(type='ViewPreprocessor'),
    masker=dict(type='InformativeVoxels', num_neighbors=30, visible=(0.2, 0.9), gap=0.1),
    folding=dict(type='FoldingHead', hidden_channels=256, num_points=4),
    chamfer=dict(type='ChamferLoss'),
    criterion=dict(type='InfoNCE', temperature=0.07),
    momentum=0.99,
    max_pairs=4096,
)
