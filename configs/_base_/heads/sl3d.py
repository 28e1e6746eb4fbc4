# SL3D (arXiv 2210.16810) on cells of scans; 800 clusters, sharpness, tolerance and spacing of times as in its
# release, which has 100 times. The head is that of Sonata (arXiv 2503.16429), for its linear layer.
# A config adds the student and its width.
model = dict(
    type='SL3D',
    data_preprocessor=dict(type='ViewPreprocessor'),
    head=dict(
        type='PrototypeHead',
        num_prototypes=800,
        hidden_channels=512,
        embed_channels=256,
        standardize=True,
    ),
    targets=dict(type='StoredLabels', sharpness=25.0, tolerance=0.1),
    cell_size=0.4,
    temperature=0.1,
)
label_cells = dict(type='SelfLabelHook', times=20, power=2.0)
