"""Recipes of concept alignment (arXiv 2212.08974); its abstract has no number, so that all are ours."""

from .pretraining import SCANNET_FRAMES, SMALL_STUDENT, SWIN3D_60K
from .rooms import ANY_FRAMES, AREAS, ROOM_FRAMES, TINY_FRAMES
from .sources import ours, taken

HEAD = ours(
    'the abstract has no number',
    head=dict(num_concepts=8, channels=128, num_heads=4),
    matcher=dict(grid=(3, 4)),
    criterion=dict(temperature=0.07),
)
TINY = [
    *TINY_FRAMES,
    HEAD,
    ours(
        'the coarsest map, 320 wide',
        teacher=dict(out_indices=(3,)),
        head=dict(in_channels=32, out_channels=320),
    ),
]
ROOMS = [*TINY, ROOM_FRAMES, ours('area 5 is held out', data=dict(trained_on=AREAS))]
CLIP = [
    HEAD,
    taken(
        'openai/CLIP, its preprocessing',
        teacher={'mean': (122.771, 116.746, 104.094), 'std': (68.5, 66.632, 70.323)},
    ),
    ours(
        'the smallest CLIP of 16 pixels a patch, 512 wide',
        teacher={'backbone.type': 'TransformersViT', 'backbone.folder': 'checkpoints/clip-vit-base-patch16'},
        head=dict(out_channels=512),
    ),
]

RECIPES = {
    'concept_alignment_swin3d-tiny_rooms': ROOMS,
    'concept_alignment_swin3d-tiny_rooms_shuffled': [*ROOMS, ours('the control', matcher=dict(shuffle=True))],
    'concept_alignment_swin3d-tiny_frames': [*TINY, ANY_FRAMES],
    'concept_alignment_swin3d-small_scannet-frames': [
        *SMALL_STUDENT,
        *CLIP,
        *SCANNET_FRAMES,
        SWIN3D_60K,
        ours('the width of the decoder', backbone=dict(down_stride=3), head=dict(in_channels=48)),
    ],
    'concept_alignment_sparse-unet34_scannet-frames': [
        *CLIP,
        *SCANNET_FRAMES,
        SWIN3D_60K,
        ours(
            'the network reads no signal; its width',
            data_preprocessor=dict(features=('rgb',), signals=('xyz', 'rgb')),
            backbone=dict(in_channels=3),
            head=dict(in_channels=96),
        ),
    ],
}
