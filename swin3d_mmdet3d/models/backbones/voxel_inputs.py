"""What a network of voxels says where a model of points calls it."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from torch import Tensor

from ...structures import SparseVoxels


def takes_voxels(forward: Callable[..., Any]) -> Callable[..., Any]:
    """Refuse calls of ``forward(self, feats, voxels)`` without voxels, as those of mmdet3d's own models are.

    Raises:
        TypeError: If ``voxels`` is no :class:`SparseVoxels`; it names the models that have them.
    """

    @functools.wraps(forward)
    def checked(self: Any, feats: Tensor, voxels: SparseVoxels | None = None) -> Any:
        if not isinstance(voxels, SparseVoxels):
            raise TypeError(
                f'voxels must be SparseVoxels, got {type(voxels).__name__}: {type(self).__name__} is a '
                'backbone of VoxelSegmentor and VoxelDetector; models of points take it in PointwiseBackbone'
            )
        return forward(self, feats, voxels)

    return checked
