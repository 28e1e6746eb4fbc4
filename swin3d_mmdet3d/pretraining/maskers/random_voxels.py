"""Random masking with nested targets: the control of informative masks."""

from __future__ import annotations

import torch
from mmdet3d.registry import MODELS
from torch import Tensor

from ...structures import SparseVoxels
from .nested_voxels import NestedVoxels


@MODELS.register_module()
class RandomVoxels(NestedVoxels):
    """Any voxels are visible, as many as by :class:`InformativeVoxels`.

    Arguments are those of :class:`NestedVoxels`.
    """

    def score(self, voxels: SparseVoxels) -> Tensor:
        """Random numbers ``(N,)`` in [0, 1)."""
        return torch.rand(len(voxels), device=voxels.coords.device)
