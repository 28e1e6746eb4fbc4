"""The trained models that travel with the package, by what they are asked for."""

from __future__ import annotations

from dataclasses import dataclass

PREFIX = 'swin3d_mmdet3d::'
"""What names of this package's configs and weights begin with where files may be named too."""


@dataclass(frozen=True)
class ShippedModel:
    """A trained model.

    Attributes:
        config: Name of its config.
        checkpoint: Name of its weights.
        finds: What it finds, in a few words.
    """

    config: str
    checkpoint: str
    finds: str


_SEGMENTOR = f'{PREFIX}ppt_swin3d-tiny_rooms-5cm'
SHIPPED_MODELS = {
    'seg': ShippedModel('swin3d-tiny_rooms-s3dis-5cm-seg_ppt', _SEGMENTOR, '13 classes of S3DIS'),
    'seg-scannet': ShippedModel('swin3d-tiny_rooms-scannet-5cm-seg_ppt', _SEGMENTOR, '20 classes of ScanNet'),
    'det': ShippedModel(
        'tr3d_swin3d-tiny_rooms-scannet-det_60k',
        f'{PREFIX}tr3d_swin3d-tiny_rooms-scannet-det_60k',
        'boxes of 18 classes of ScanNet',
    ),
}
"""Trained on generated rooms alone (docs/shipped_models.md)."""
