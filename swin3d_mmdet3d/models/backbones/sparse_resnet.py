"""The sparse residual network that FCAF3D and TR3D use, without MinkowskiEngine."""

from __future__ import annotations

from collections.abc import Sequence

from mmdet3d.registry import MODELS
from mmengine.model import BaseModule
from swin3d_ops.voxel_index import parent_voxels
from torch import Tensor, nn

from ...structures import FeatureLevel, SparseVoxels
from ..layers import BatchNorm, ResBlock, SparseConv3d, SparseInstanceNorm, init_sparse_convs
from .voxel_inputs import takes_voxels

STEM_CHANNELS = 64
STAGE_BLOCKS = (3, 4, 6, 3)


@MODELS.register_module()
class SparseResNet34(BaseModule):
    """ResNet34 on sparse voxels.

    A strided stem, max pooling over 2 x 2 x 2 voxels, then four stages that each double the stride: 8, 16,
    32 and 64 times the voxel. A coarse voxel is there where a voxel of the level below lies in it.

    Modules register in the order of MinkResNet: ``conv1``, ``norm1``, then per stage ``layer{i}.{j}`` with
    ``conv1``, ``norm1``, ``conv2``, ``norm2``, ``downsample.{0,1}``. Its kernels ``(k ** 3, C_in, C_out)``,
    x fastest, become ``kernel.view(kz, ky, kx, C_in, C_out).permute(4, 2, 1, 0, 3)``.

    Args:
        in_channels: Width of the input features.
        channels: Width of each stage: (64, 128, 256, 512) of FCAF3D, (64, 128, 128, 128) of TR3D.
        stem_norm: 'instance' (FCAF3D) or 'batch' (TR3D).
        pool: Whether the stem pools; without it all strides are half as large.
        init_cfg: Initialisation config of mmengine.

    Source: arXiv 1904.08755; MinkResNet of mmdet3d 1.4.0, TR3DMinkResNet of its projects/TR3D.
    """

    def __init__(
        self,
        in_channels: int,
        channels: Sequence[int] = (64, 128, 256, 512),
        stem_norm: str = 'instance',
        pool: bool = True,
        init_cfg: dict | None = None,
    ) -> None:
        super().__init__(init_cfg)
        if len(channels) != len(STAGE_BLOCKS):
            raise ValueError(f'channels must have {len(STAGE_BLOCKS)} entries, got {list(channels)}')
        if stem_norm not in ('instance', 'batch'):
            raise ValueError(f"stem_norm must be 'instance' or 'batch', got {stem_norm!r}")
        self.in_channels = in_channels
        self.pool = pool
        self.conv1 = SparseConv3d(in_channels, STEM_CHANNELS)
        self.norm1 = (
            SparseInstanceNorm(STEM_CHANNELS) if stem_norm == 'instance' else BatchNorm(STEM_CHANNELS)
        )
        self.relu = nn.ReLU(inplace=True)
        widths = [STEM_CHANNELS, *channels]
        for i, depth in enumerate(STAGE_BLOCKS):
            blocks = [ResBlock(widths[i], widths[i + 1], down=True)]
            blocks += [ResBlock(widths[i + 1], widths[i + 1]) for _ in range(depth - 1)]
            self.add_module(f'layer{i + 1}', nn.ModuleList(blocks))

    def init_weights(self) -> None:
        """Kaiming's normal distribution for convolutions, then what ``init_cfg`` asks for."""
        init_sparse_convs(self)
        super().init_weights()

    @takes_voxels
    def forward(self, feats: Tensor, voxels: SparseVoxels) -> tuple[FeatureLevel, ...]:
        """Encode a batch.

        Args:
            feats: ``(N, in_channels)`` float.
            voxels: The N voxels.

        Returns:
            ``(feats, voxels)`` of the four stages, fine to coarse.

        Raises:
            ValueError: If ``feats`` does not fit ``voxels`` or ``in_channels``.
        """
        if feats.shape != (len(voxels), self.in_channels):
            raise ValueError(f'feats must be {(len(voxels), self.in_channels)}, got {tuple(feats.shape)}')
        level = self._stem((feats, voxels))
        levels = []
        for i in range(len(STAGE_BLOCKS)):
            first, *others = self.get_submodule(f'layer{i + 1}')
            level = first(level, _parents(level[1])[0])
            for block in others:
                level = block(level)
            levels.append(level)
        return tuple(levels)

    def _stem(self, level: FeatureLevel) -> FeatureLevel:
        coarse, _ = _parents(level[1])
        feats = self.conv1(level, coarse)
        feats = self.relu(self.norm1(feats, coarse))
        if not self.pool:
            return feats, coarse
        pooled, parent = _parents(coarse)
        best = feats.new_zeros(len(pooled), feats.shape[1])  # features are 0 or more after ReLU
        rows = parent[:, None].expand_as(feats)
        return best.scatter_reduce(0, rows, feats, 'amax', include_self=False), pooled


def _parents(voxels: SparseVoxels) -> tuple[SparseVoxels, Tensor]:
    """Voxels of twice the stride and the parent's row of each voxel."""
    coords, parent = parent_voxels(voxels.coords, 2 * voxels.stride)
    return voxels.at(coords, 2 * voxels.stride), parent
