"""Swin3D: a hierarchical transformer over sparse voxels with windowed self-attention."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from mmdet3d.registry import MODELS
from mmengine.model import BaseModule
from swin3d_ops import knn
from swin3d_ops.resample import linear_gather_max
from torch import Tensor, nn

from ...structures import FeatureLevel, SparseVoxels, find_windows
from ..layers import (
    ConvNormAct,
    LayerNorm,
    ResBlock,
    WindowStage,
    check_signals,
    check_stage_lists,
    init_linear_and_norm,
)
from .voxel_inputs import takes_voxels


class ConvBlock(nn.Module):
    """Submanifold convolution, batch norm and ReLU (the original's MinkConvBNRelu).

    Args:
        in_channels: Width of the input features.
        out_channels: Width of the output features.
    """

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__()
        self.conv_layers = ConvNormAct(in_channels, out_channels, activation='relu')

    def forward(self, level: FeatureLevel) -> Tensor:
        """Convolve ``(N, C_in)`` features of a level: ``(N, C_out)``."""
        return self.conv_layers(level)


class ResidualStem(nn.Sequential):
    """Convolution (``0``) and residual block (``1``), the stem where the finest level has no attention.

    Args:
        in_channels: Width of the input features.
        out_channels: Width of the output features.
    """

    def __init__(self, in_channels: int, out_channels: int) -> None:
        residual = ResBlock(out_channels, out_channels)  # the original's MinkResBlock
        super().__init__(ConvBlock(in_channels, out_channels), residual)

    def forward(self, level: FeatureLevel) -> Tensor:
        """Convolve ``(N, C_in)`` features of a level: ``(N, C_out)``."""
        conv, residual = self
        return residual((conv(level), level[1]))[0]


class KNNDownsample(nn.Module):
    """Max over the K nearest fine voxels of each coarse representative, after LayerNorm and Linear.

    Neighbours are searched among all fine voxels of the scene, not only those of the cell. Norm and
    Linear act row by row, so they run before the gather: the same result as the original's order for a
    sixteenth of the work.

    Source: arXiv 2304.06906, section 3.3; GridKNNDownsample of Swin3D/modules/mink_layers.py. A scene
        with fewer than K voxels repeats its last neighbour (the original reads uninitialised indices).
    """

    num_neighbors = 16

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__()
        self.norm = LayerNorm(in_channels)
        self.linear = nn.Linear(in_channels, out_channels, bias=False)

    def forward(self, feats: Tensor, fine: SparseVoxels, coarse: SparseVoxels, parent: Tensor) -> Tensor:
        """Pool ``(N, C_in)`` of ``fine`` to ``(M, C_out)`` of ``coarse``; ``parent`` is not needed."""
        index, _ = knn(
            coarse.signals['xyz'], fine.signals['xyz'], self.num_neighbors, coarse.ptr, fine.ptr, known=True
        )
        return linear_gather_max(self.norm(feats, fine), self.linear.weight, index)


class CellDownsample(nn.Module):
    """Max over the fine voxels of each coarse cell, after LayerNorm and Linear.

    Source: GridDownsample of Swin3D/modules/mink_layers.py, whose doubled parameter names are kept.
    """

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__()
        self.norm = nn.ModuleDict({'norm': LayerNorm(in_channels)})
        self.linear = nn.ModuleDict({'linear': nn.Linear(in_channels, out_channels, bias=False)})

    def forward(self, feats: Tensor, fine: SparseVoxels, coarse: SparseVoxels, parent: Tensor) -> Tensor:
        """Pool ``(N, C_in)`` to ``(M, C_out)``; ``parent`` ``(N,)`` is the coarse row of each fine row."""
        feats = self.linear['linear'](self.norm['norm'](feats, fine))
        pooled = feats.new_zeros(len(coarse), feats.shape[1])
        rows = parent[:, None].expand_as(feats)
        return torch.scatter_reduce(pooled, 0, rows, feats, 'amax', include_self=False)


class EncoderStage(WindowStage):
    """A stage of blocks and, but for the last stage, the way down to the next resolution.

    Args:
        downsample: Pooling to the next stage, or None.
        down_stride: Ratio of the next stage's stride to this one's.
        kwargs: Arguments of :class:`WindowStage`.
    """

    def __init__(self, downsample: nn.Module | None, down_stride: int, **kwargs) -> None:
        super().__init__(**kwargs)
        self.downsample = downsample
        self.down_stride = down_stride


@MODELS.register_module()
class Swin3D(BaseModule):
    """The Swin3D encoder.

    Args:
        in_channels: Width of the input features.
        channels: Width C of each stage.
        depths: Blocks of each stage.
        num_heads: Attention heads H of each stage; each must divide its ``channels``.
        window_sizes: Edge of the windows of each stage, in cells of that stage.
        quant_size: Table bins per cell; colours and normals get twice as many bins per unit.
        signals: Signals of the relative encoding: 'xyz' and any of 'rgb', 'normal'. The original's cRSE.
        down_stride: Ratio of the second resolution's stride to the first; later ratios are 2.
        knn_down: Pool over the 16 nearest voxels (True) or over the voxels of each cell (False).
        stem_transformer: If True the stem is one convolution and attention starts at the finest resolution;
            if False the finest level is convolutional (one more residual block) and attention starts at the
            second, so that ``depths[0]``, ``num_heads[0]`` and ``window_sizes[0]`` serve the decoder alone.
        drop_path_rate: Stochastic depth of the last block; the others grow linearly from 0.
        out_indices: Levels to return, 0 the finest.
        with_cp: Activation checkpointing: training keeps the input alone of each block's attention, and the
            backward pass computes it again. Gradients are the same; less memory, more time.
        init_cfg: Initialisation config of mmengine, for example ``dict(type='Pretrained', ...)``.

    Source: arXiv 2304.06906; Swin3D/models/Swin3D.py of github.com/microsoft/Swin3D.
    """

    def __init__(
        self,
        in_channels: int,
        channels: Sequence[int],
        depths: Sequence[int],
        num_heads: Sequence[int],
        window_sizes: Sequence[int],
        quant_size: int = 4,
        signals: Sequence[str] = ('xyz', 'rgb'),
        down_stride: int = 3,
        knn_down: bool = True,
        stem_transformer: bool = True,
        drop_path_rate: float = 0.3,
        out_indices: Sequence[int] = (0, 1, 2, 3, 4),
        with_cp: bool = False,
        init_cfg: dict | None = None,
    ) -> None:
        super().__init__(init_cfg)
        check_stage_lists(channels, num_heads, window_sizes, quant_size, depths=depths)
        num_stages = len(channels)
        _check_scalars(in_channels, down_stride, drop_path_rate, out_indices, num_stages)
        self.out_indices = tuple(out_indices)
        self.in_channels = in_channels
        down = KNNDownsample if knn_down else CellDownsample
        rates = torch.linspace(0, drop_path_rate, sum(depths), device='cpu').split(list(depths))

        if stem_transformer:
            self.stem_layer: nn.Module = ConvBlock(in_channels, channels[0])
            self.downsample = None
        else:
            self.stem_layer = ResidualStem(in_channels, channels[0])
            self.downsample = down(channels[0], channels[1])
            self.stem_stride = down_stride
        self.layers = nn.ModuleList(
            EncoderStage(
                downsample=down(channels[i], channels[i + 1]) if i + 1 < num_stages else None,
                down_stride=down_stride if i == 0 else 2,
                channels=channels[i],
                num_heads=num_heads[i],
                window_size=window_sizes[i],
                quant_size=quant_size,
                signals=check_signals(signals),
                drop_paths=rates[i].tolist(),
                with_cp=with_cp,
            )
            for i in range(0 if stem_transformer else 1, num_stages)
        )
        init_linear_and_norm(self)

    @takes_voxels
    def forward(self, feats: Tensor, voxels: SparseVoxels) -> tuple[FeatureLevel, ...]:
        """Encode a batch.

        Args:
            feats: ``(N, in_channels)`` float.
            voxels: The N voxels of the finest level with every signal of ``signals``.

        Returns:
            ``(feats, voxels)`` of each level in ``out_indices``, fine to coarse.

        Raises:
            ValueError: If ``feats`` does not fit ``voxels`` or ``in_channels``, or a scene has no voxels.
        """
        if feats.shape != (len(voxels), self.in_channels):
            raise ValueError(f'feats must be {(len(voxels), self.in_channels)}, got {tuple(feats.shape)}')
        if 0 in voxels.counts:
            raise ValueError(f'each scene must have at least one voxel, got {voxels.counts} voxels')
        self._find_windows([voxels, *self._coarser(voxels)])
        levels = self.encode(self.stem(feats, voxels), voxels)
        return tuple(levels[i] for i in self.out_indices)

    def stem(self, feats: Tensor, voxels: SparseVoxels) -> Tensor:
        """Features ``(N, C)`` of the finest level: the stem and, where attention starts there, its blocks."""
        feats = self.stem_layer((feats, voxels))
        return feats if self.downsample is not None else self.layers[0](feats, voxels)

    def encode(self, feats: Tensor, voxels: SparseVoxels) -> list[FeatureLevel]:
        """All levels, fine to coarse, from the features of the finest."""
        self._find_windows(self._coarser(voxels))
        levels, stages = [(feats, voxels)], list(self.layers)
        down = self.downsample
        if down is None:
            down = stages.pop(0).downsample
        for stage, (coarse, parent) in zip(stages, voxels.pyramid(self._factors)):
            feats = stage(down(feats, voxels, coarse, parent), coarse)
            voxels, down = coarse, stage.downsample
            levels.append((feats, voxels))
        return levels

    @property
    def _factors(self) -> list[int]:
        """Ratio of each coarser level's stride to that of the level before."""
        factors = [stage.down_stride for stage in self.layers[:-1]]
        return factors if self.downsample is None else [self.stem_stride, *factors]

    def _coarser(self, voxels: SparseVoxels) -> list[SparseVoxels]:
        return [coarse for coarse, _ in voxels.pyramid(self._factors)]

    def _find_windows(self, levels: Sequence[SparseVoxels]) -> None:
        """Find the windows of the stages at these levels, of which the last is the coarsest, together."""
        pairs = zip(reversed(self.layers), reversed(levels))
        find_windows((level, stage.window_size, shift) for stage, level in pairs for shift in stage.shifts)

    @property
    def stem_radius(self) -> int:
        """Receptive radius of the finest level in voxels along each axis."""
        if self.downsample is not None:
            return 3  # three convolutions of 3 voxels
        stage = self.layers[0]
        return 1 + len(stage.blocks) * (stage.window_size - 1)


def _check_scalars(
    in_channels: int,
    down_stride: int,
    drop_path_rate: float,
    out_indices: Sequence[int],
    num_stages: int,
) -> None:
    if in_channels < 1:
        raise ValueError(f'in_channels must be at least 1, got {in_channels}')
    if down_stride < 1:
        raise ValueError(f'down_stride must be at least 1, got {down_stride}')
    if not 0 <= drop_path_rate < 1:
        raise ValueError(f'drop_path_rate must lie in [0, 1), got {drop_path_rate}')
    in_range = all(0 <= i < num_stages for i in out_indices)
    if not out_indices or not in_range or list(out_indices) != sorted(set(out_indices)):
        raise ValueError(f'out_indices must be ascending levels below {num_stages}, got {tuple(out_indices)}')
