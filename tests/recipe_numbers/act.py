"""Recipes of ACT (arXiv 2212.08320) for scenes: those of I2P-MAE, with masks and distance of ACT."""

from math import inf

from .i2p_mae import RECIPES as I2P_MAE
from .rooms import by_iterations
from .sources import taken

OTHERS = ('point_head.', 'point_criterion.')


def of_i2p_mae(recipe):
    """The recipe of I2P-MAE of this name, without what rebuilds points."""
    return [
        {key: number for key, number in group.items() if not key.startswith(OTHERS)}
        for group in I2P_MAE[f'i2p_mae_{recipe}']
    ]


MODEL = [
    taken(
        'RunpeiDong/ACT (d580115): 51 of 64 tokens are hidden at random, 1 - cos there',
        masker=dict(visible=0.2, temperature=inf),
        model=dict(feature_at='hidden'),
        feature_criterion=dict(loss_weight=1.0),
    ),
]
LOWER_RATE = by_iterations(0.001, 50, 600, 1e-3, 0.05, rate_of_blocks=0.25, seed=0)

RECIPES = {
    f'act_{name}': [*of_i2p_mae(name), *MODEL, *([LOWER_RATE] if 'tiny' in name else [])]
    for name in (
        'swin3d-tiny_rooms',
        'swin3d-tiny_rooms_shuffled',
        'swin3d-small_scannet-frames',
        'swin3d-small_s3dis-axis-views',
        'sparse-unet34_scannet-frames',
    )
}
