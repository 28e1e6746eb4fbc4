"""The U-Net decoder of Swin3D: back to finer voxels, with or without attention."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from mmdet3d.registry import MODELS
from mmengine.model import BaseModule
from swin3d_ops import knn
from swin3d_ops.resample import interpolate, inverse_distance_weights
from torch import Tensor, nn

from ...structures import FeatureLevel, SparseVoxels
from ..layers import NormLinear, WindowStage, check_signals, check_stage_lists, init_linear_and_norm


class Upsample(nn.Module):
    """Skip connection plus inverse-distance interpolation of the coarse features.

    Args:
        in_channels: Width of the coarse features.
        out_channels: Width of the fine features.
        num_neighbors: Coarse voxels that each fine voxel interpolates.

    Source: Upsample of Swin3D/modules/swin3d_layers.py; weights are 1 / (distance + 1e-8), normalised.
    """

    def __init__(self, in_channels: int, out_channels: int, num_neighbors: int = 3) -> None:
        super().__init__()
        if num_neighbors < 1:
            raise ValueError(f'num_neighbors must be at least 1, got {num_neighbors}')
        self.num_neighbors = num_neighbors
        self.linear1 = NormLinear(out_channels, out_channels)
        self.linear2 = NormLinear(in_channels, out_channels)

    def forward(
        self, coarse_feats: Tensor, coarse: SparseVoxels, fine_feats: Tensor, fine: SparseVoxels
    ) -> Tensor:
        """Carry ``(M, C_in)`` features of ``coarse`` to the N voxels of ``fine``: ``(N, C_out)``."""
        index, distance = knn(
            fine.signals['xyz'], coarse.signals['xyz'], self.num_neighbors, fine.ptr, coarse.ptr, known=True
        )
        coarse_feats = self.linear2(coarse_feats, coarse)
        return self.linear1(fine_feats, fine) + interpolate(
            coarse_feats, index, inverse_distance_weights(distance)
        )


class DecoderStage(Upsample):
    """Upsampling to one finer level, followed by one block on regular windows where ``block`` is given.

    Args:
        in_channels: Width of the coarse features.
        out_channels: Width of the fine features.
        num_neighbors: Coarse voxels that each fine voxel interpolates.
        block: The attention at the fine level, or None.
    """

    def __init__(
        self, in_channels: int, out_channels: int, num_neighbors: int, block: WindowStage | None
    ) -> None:
        super().__init__(in_channels, out_channels, num_neighbors)
        self.block = block

    def forward(
        self, coarse_feats: Tensor, coarse: SparseVoxels, fine_feats: Tensor, fine: SparseVoxels
    ) -> Tensor:
        """Merge ``(M, C_in)`` coarse with ``(N, C_out)`` fine features: ``(N, C_out)``."""
        feats = super().forward(coarse_feats, coarse, fine_feats, fine)
        return feats if self.block is None else self.block(feats, fine)


@MODELS.register_module()
class Swin3DDecoder(BaseModule):
    """Decode the levels of :class:`Swin3D` from coarse to fine.

    Args:
        channels: Width of each encoder level, fine to coarse.
        num_heads: Attention heads of each level.
        window_sizes: Edge of the windows of each level.
        quant_size: Table bins per cell.
        signals: Signals of the relative encoding.
        attention: One block per level (the original's upsample='linear_attn') or none ('linear').
        up_k: Coarse voxels that each fine voxel interpolates.
        drop_path: Stochastic depth of the blocks; the original fixes it at 0.1.
        out_level: Level to stop at, 0 the finest; detection by CAGroup3D stops at 1 (stride 2).
        with_cp: Activation checkpointing of the blocks, as in :class:`Swin3D`.
        init_cfg: Initialisation config of mmengine.

    Source: Swin3DUNet of Swin3D/models/Swin3D.py (arXiv 2304.06906, section 3.4).
    """

    def __init__(
        self,
        channels: Sequence[int],
        num_heads: Sequence[int],
        window_sizes: Sequence[int],
        quant_size: int = 4,
        signals: Sequence[str] = ('xyz', 'rgb'),
        attention: bool = True,
        up_k: int = 3,
        drop_path: float = 0.1,
        out_level: int = 0,
        with_cp: bool = False,
        init_cfg: dict | None = None,
    ) -> None:
        super().__init__(init_cfg)
        check_stage_lists(channels, num_heads, window_sizes, quant_size)
        if not 0 <= drop_path < 1:
            raise ValueError(f'drop_path must lie in [0, 1), got {drop_path}')
        if not 0 <= out_level < len(channels) - 1:
            raise ValueError(f'out_level must be a level below {len(channels) - 1}, got {out_level}')
        self.num_levels = len(channels)
        self.out_level = out_level
        signals = check_signals(signals)
        self.upsamples = nn.ModuleList(
            DecoderStage(
                channels[i],
                channels[i - 1],
                up_k,
                WindowStage(
                    channels[i - 1],
                    num_heads[i - 1],
                    window_sizes[i - 1],
                    quant_size,
                    signals,
                    [drop_path],
                    with_cp,
                )
                if attention
                else None,
            )
            for i in range(len(channels) - 1, out_level, -1)
        )
        init_linear_and_norm(self)

    def forward(self, levels: Sequence[FeatureLevel]) -> FeatureLevel:
        """Decode ``(feats, voxels)`` levels, fine to coarse, into features and voxels of ``out_level``.

        Raises:
            ValueError: If the number of levels differs from the number of ``channels``.
        """
        return self.pyramid(levels)[0]

    def pyramid(self, levels: Sequence[FeatureLevel]) -> tuple[FeatureLevel, ...]:
        """All levels on the way up, fine to coarse, from ``out_level`` to the coarsest, the encoder's own.

        Raises:
            ValueError: If the number of levels differs from the number of ``channels``.
        """
        if len(levels) != self.num_levels:
            raise ValueError(f'levels must hold {self.num_levels} levels, got {len(levels)}')
        return self._climb(levels, self.upsamples)

    def decode_coarse(self, levels: Sequence[FeatureLevel]) -> FeatureLevel:
        """Features and voxels of the level above ``out_level``: all steps but the last."""
        return self._climb(levels, self.upsamples[:-1])[0]

    def refine(self, coarse: FeatureLevel, fine: FeatureLevel) -> FeatureLevel:
        """The last step, from the level above to ``out_level`` or to any part of it with whole windows."""
        return self.upsamples[-1](*coarse, *fine), fine[1]

    @staticmethod
    def _climb(levels: Sequence[FeatureLevel], upsamples: Iterable[DecoderStage]) -> tuple[FeatureLevel, ...]:
        decoded = [levels[-1]]
        for upsample, (feats, fine) in zip(upsamples, reversed(levels[:-1])):
            decoded.insert(0, (upsample(*decoded[0], feats, fine), fine))
        return tuple(decoded)

    @property
    def refine_radius(self) -> int:
        """Fine voxels farther than this along an axis do not affect each other in :meth:`refine`."""
        block = self.upsamples[-1].block
        return 0 if block is None else block.window_size - 1
