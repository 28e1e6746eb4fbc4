"""Hiding voxels from a network that reads signals beside its features."""

from __future__ import annotations

import dataclasses

import torch
from torch import Tensor

from ...structures import CloudView


def hide_voxels(view: CloudView, mask: Tensor, token: Tensor) -> CloudView:
    """The view in which some voxels show where they are and nothing else.

    Their features become a trained token, their colours and normals among the signals 0. To replace the
    features alone would not hide them: Swin3D's relative encoding reads colours and normals of both voxels of
    a pair, and chooses by them which voxel represents a cell. ``view.select((~mask).nonzero().flatten())``
    hides the places, too, and makes the network's work less.

    Points and fields stay as they are: losses take their targets from them.

    Args:
        view: The view.
        mask: ``(N,)`` bool, the voxels to hide.
        token: ``(C,)``, of the width of the features.

    Raises:
        TypeError: If the mask is not of bools.
        ValueError: If the mask or the token has another shape.

    Source: MSC (arXiv 2303.14191), the mask token; to blank the signals is Swin3D's need alone.
    """
    num_voxels, width = view.feats.shape
    if mask.dtype != torch.bool:
        raise TypeError(f'mask must hold bools, got {mask.dtype}')
    if mask.shape != (num_voxels,):
        raise ValueError(f'mask must be ({num_voxels},), a row for each voxel, got {tuple(mask.shape)}')
    if token.shape != (width,):
        raise ValueError(f'token must be ({width},), the width of the features, got {tuple(token.shape)}')
    hidden = mask[:, None]
    signals = {
        name: signal if name == 'xyz' else signal.masked_fill(hidden, 0)
        for name, signal in view.voxels.signals.items()
    }
    return dataclasses.replace(
        view,
        feats=torch.where(hidden, token.to(view.feats.dtype), view.feats),
        voxels=view.voxels.at_same_places(signals=signals),
    )
