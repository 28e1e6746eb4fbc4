"""Recipes of SPNet (arXiv 2207.05497)."""

from .detection import RECIPES as DETECTION
from .rooms import by_iterations
from .sources import ours
from .transfer import RECIPES as TRANSFER


def passing(num_classes, in_channels, **changes):
    return ours(
        'the abstract has no numbers',
        SPNet=dict(
            num_classes=num_classes,
            levels=('encoder.0', 'encoder.1', 'encoder.2'),
            in_channels=in_channels,
            weights=(0.5, 0.5, 0.5),
            **changes,
        ),
    )


ROOMS = [
    *TRANSFER['tr3d_swin3d-tiny_rooms-s3dis-det_from-student'],
    by_iterations(0.006, 12, 400, 1e-2, 0.01, tested_every=400, seed=123),
]
RECIPES = {
    'spnet_swin3d-tiny_rooms': [*ROOMS, passing(5, (32, 64, 128))],
    'spnet_swin3d-tiny_rooms_shuffled': [
        *ROOMS,
        passing(5, (32, 64, 128)),
        ours('the control', SPNet=dict(shuffle=True)),
    ],
    'spnet_resnet34_scannet-det': [*DETECTION['tr3d_resnet34_scannet-det'], passing(18, (64, 128, 128))],
    'spnet_resnet34_s3dis-det': [*DETECTION['tr3d_resnet34_s3dis-det'], passing(5, (64, 128, 128))],
}
