"""Running a backbone and its neck for all their levels."""

from __future__ import annotations

from torch import Tensor, nn

from ..structures import Levels, SparseVoxels


def encode_levels(backbone: nn.Module, neck: nn.Module | None, feats: Tensor, voxels: SparseVoxels) -> Levels:
    """All levels of a backbone and, where there is one, of its neck.

    Args:
        backbone: ``(feats, voxels) -> tuple of (feats, voxels)``, fine to coarse.
        neck: A decoder with ``pyramid(levels) -> levels``, such as :class:`Swin3DDecoder`, or a neck that
            gives several levels when it is called.
        feats: ``(N, C)`` input features.
        voxels: The N voxels.
    """
    encoder = tuple(backbone(feats, voxels))
    if neck is None:
        return Levels(encoder)
    return Levels(encoder, tuple(getattr(neck, 'pyramid', neck)(encoder)))
