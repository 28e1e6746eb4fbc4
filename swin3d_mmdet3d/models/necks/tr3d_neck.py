"""The feature pyramid of TR3D: up-sampling, union and convolution, without pruning."""

from __future__ import annotations

from collections.abc import Sequence

from mmdet3d.registry import MODELS
from mmengine.model import BaseModule

from ...structures import FeatureLevel
from ..layers import ConvNormAct, UpsampleNormAct, init_sparse_convs, union_add


@MODELS.register_module()
class SparseTR3DNeck(BaseModule):
    """From the levels of a backbone to all of them but the finest and the coarsest.

    The finest level is not used; the coarsest one passes its features down. Child modules are named as in
    TR3D.

    Args:
        in_channels: Width of each level of the backbone, fine to coarse.
        out_channels: Width of each level returned.

    Source: arXiv 2302.02858, section 3.2; projects/TR3D of mmdetection3d.
    """

    def __init__(self, in_channels: Sequence[int], out_channels: int) -> None:
        super().__init__()
        if len(in_channels) < 3:
            raise ValueError(f'in_channels must name at least 3 levels, got {list(in_channels)}')
        widths = list(in_channels)[1:]
        for i, width in enumerate(widths[:-1]):
            upsample = UpsampleNormAct(widths[i + 1], width, kernel_size=3, activation='relu')
            self.add_module(f'up_block_{i + 1}', upsample)
            self.add_module(f'lateral_block_{i}', ConvNormAct(width, width, activation='relu'))
            self.add_module(f'out_block_{i}', ConvNormAct(width, out_channels, activation='relu'))

    def init_weights(self) -> None:
        """Kaiming's normal distribution for convolutions."""
        init_sparse_convs(self)

    def forward(self, levels: Sequence[FeatureLevel]) -> tuple[FeatureLevel, ...]:
        """Levels to predict from, fine to coarse."""
        used = levels[1:]
        level, outputs = used[-1], []
        for i in reversed(range(len(used) - 1)):
            feats, voxels = union_add(used[i], self.get_submodule(f'up_block_{i + 1}')(level))
            level = self.get_submodule(f'lateral_block_{i}')((feats, voxels)), voxels
            outputs.append((self.get_submodule(f'out_block_{i}')(level), voxels))
        return tuple(reversed(outputs))
