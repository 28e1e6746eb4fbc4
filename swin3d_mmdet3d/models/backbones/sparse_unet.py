"""Sparse residual U-Nets: those of PointContrast and PPKT, and of PPT, without MinkowskiEngine."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import torch
from mmdet3d.registry import MODELS
from mmengine.model import BaseModule
from swin3d_ops import KernelMap
from torch import Tensor, nn

from ...structures import FeatureLevel, SparseVoxels
from ..layers import (
    BatchNorm,
    InverseConv,
    ResBlock,
    SparseConv3d,
    StridedConv,
    init_sparse_convs,
    strided_map,
)
from ..layers.sparse_blocks import NormFactory
from .voxel_inputs import takes_voxels


class ResampleNormAct(nn.Module):
    """A convolution between two levels with batch norm and ReLU.

    Args:
        conv: :class:`StridedConv` or :class:`InverseConv`.
        norm: Batch norm of its outputs.
    """

    def __init__(self, conv: nn.Module, norm: nn.Module) -> None:
        super().__init__()
        self.conv = conv
        self.norm = norm

    def forward(self, feats: Tensor, kernel_map: KernelMap, targets: SparseVoxels) -> Tensor:
        """Carry ``(N, C_in)`` features to the M voxels ``targets`` of the other level: ``(M, C_out)``."""
        return self.norm(self.conv(feats, kernel_map), targets).relu()


@MODELS.register_module()
class SparseResUNet(BaseModule):
    """A U-Net of residual blocks on sparse voxels; encoder and decoder in one backbone.

    Args:
        in_channels: Width of the input features.
        encoder_channels: Width of each level of the encoder below the finest, fine to coarse.
        decoder_channels: Width of each level of the decoder, coarse to fine; the last is the finest.
        encoder_blocks: Residual blocks of each level of the encoder.
        decoder_blocks: Residual blocks of each level of the decoder.
        stem_channels: Width of the first convolution.
        stem_kernel: Its kernel size.
        widening_downs: Whether a level's width begins with the convolution that leads down to it, or, as in
            the original, with its first block.
        bn_momentum: Momentum of the batch norms.
        bn_eps: What they add to the variance.
        out_indices: Levels to return, 0 the finest, the last the encoder's coarsest.
        decode: Whether to return levels of the decoder; else those of the encoder, the finest being the
            stem.
        init_cfg: Initialisation config of mmengine.

    Source: Res16UNet of github.com/facebookresearch/PointContrast (arXiv 2007.10985, section 3.3).
    """

    def __init__(
        self,
        in_channels: int,
        encoder_channels: Sequence[int],
        decoder_channels: Sequence[int],
        encoder_blocks: Sequence[int],
        decoder_blocks: Sequence[int],
        stem_channels: int = 32,
        stem_kernel: int = 3,
        widening_downs: bool = False,
        bn_momentum: float = 0.02,
        bn_eps: float = 1e-5,
        out_indices: Sequence[int] = (0,),
        decode: bool = True,
        init_cfg: dict | None = None,
    ) -> None:
        super().__init__(init_cfg)
        depth = len(encoder_channels)
        lists = (decoder_channels, encoder_blocks, decoder_blocks)
        if depth < 1 or any(len(values) != depth for values in lists):
            raise ValueError(
                'encoder_channels, decoder_channels, encoder_blocks and decoder_blocks must be equally long, '
                f'got {[depth, *map(len, lists)]}'
            )
        if stem_kernel % 2 == 0:
            raise ValueError(f'stem_kernel must be odd, got {stem_kernel}')
        if not out_indices or any(not 0 <= index <= depth for index in out_indices):
            raise ValueError(f'out_indices must be levels 0 .. {depth}, got {tuple(out_indices)}')
        self.in_channels = in_channels
        self.out_indices = tuple(out_indices)
        self.decode = decode
        widths = [stem_channels, *encoder_channels]
        norm = partial(BatchNorm, eps=bn_eps, momentum=bn_momentum)
        self.stem = SparseConv3d(in_channels, stem_channels, stem_kernel)
        self.stem_norm = norm(stem_channels)
        self.downs, self.encoder = nn.ModuleList(), nn.ModuleList()
        for width, following, blocks in zip(widths, widths[1:], encoder_blocks):
            entering = following if widening_downs else width
            self.downs.append(ResampleNormAct(StridedConv(width, entering), norm(entering)))
            self.encoder.append(_blocks(entering, following, blocks, norm))
        self.ups, self.decoder = nn.ModuleList(), nn.ModuleList()
        below = widths[-1]
        for width, skip, blocks in zip(decoder_channels, reversed(widths[:-1]), decoder_blocks):
            self.ups.append(ResampleNormAct(InverseConv(below, width), norm(width)))
            self.decoder.append(_blocks(width + skip, width, blocks, norm))
            below = width
        self._init_convolutions()

    @takes_voxels
    def forward(self, feats: Tensor, voxels: SparseVoxels) -> tuple[FeatureLevel, ...]:
        """Encode a batch and, unless `decode` is off, decode it.

        Args:
            feats: ``(N, in_channels)`` float.
            voxels: The N voxels of the finest level with at least one signal.

        Returns:
            ``(feats, voxels)`` of each level in ``out_indices``, fine to coarse.

        Raises:
            ValueError: If ``feats`` does not fit ``voxels`` or ``in_channels``.
        """
        if feats.shape != (len(voxels), self.in_channels):
            raise ValueError(f'feats must be {(len(voxels), self.in_channels)}, got {tuple(feats.shape)}')
        feats = self.stem_norm(self.stem((feats, voxels)), voxels).relu()
        skips, maps = [(feats, voxels)], []
        pyramid = voxels.pyramid([2] * len(self.downs))
        for down, blocks, (coarse, parent) in zip(self.downs, self.encoder, pyramid):
            maps.append(strided_map(voxels, coarse, parent))
            feats, voxels = blocks((down(feats, maps[-1], coarse), coarse))
            skips.append((feats, voxels))
        levels = self._decode(skips, maps) if self.decode else skips
        return tuple(levels[index] for index in self.out_indices)

    def _decode(self, skips: list[FeatureLevel], maps: list[KernelMap]) -> list[FeatureLevel]:
        """The levels of the decoder, fine to coarse, from those of the encoder and the maps between them."""
        levels = skips[-1:]
        for up, blocks, kernel_map, skip in zip(self.ups, self.decoder, reversed(maps), skips[-2::-1]):
            merged = torch.cat([up(levels[0][0], kernel_map, skip[1]), skip[0]], dim=1)
            levels.insert(0, blocks((merged, skip[1])))
        return levels

    def _init_convolutions(self) -> None:
        """Kaiming initialisation by the number of outputs, as in the original."""
        init_sparse_convs(self)


@MODELS.register_module()
class SparseUNet34(SparseResUNet):
    """SR-UNet34 (Res16UNet34C): 2, 3, 4, 6 blocks down, 2 each up, 96 channels at the finest voxels.

    Args:
        in_channels: Width of the input features.
        kwargs: Further arguments of :class:`SparseResUNet`.
    """

    def __init__(self, in_channels: int, **kwargs: Any) -> None:
        super().__init__(
            in_channels,
            encoder_channels=(32, 64, 128, 256),
            decoder_channels=(256, 128, 96, 96),
            encoder_blocks=(2, 3, 4, 6),
            decoder_blocks=(2, 2, 2, 2),
            **kwargs,
        )


@MODELS.register_module()
class SpUNet34(SparseUNet34):
    """SpUNet: SR-UNet34 with a stem of 5 x 5 x 5 and convolutions that widen as they lead down; of PPT.

    Args:
        in_channels: Width of the input features.
        kwargs: Further arguments of :class:`SparseResUNet`.

    Source: SpUNet-v1m3 of github.com/Pointcept/Pointcept (arXiv 2308.09718), whose prompts :class:`PPT` adds.
    """

    def __init__(self, in_channels: int, **kwargs: Any) -> None:
        settings = dict(stem_kernel=5, widening_downs=True, bn_momentum=0.01, bn_eps=1e-3)
        super().__init__(in_channels, **{**settings, **kwargs})

    def _init_convolutions(self) -> None:
        """Truncated normal (0.02), except for the resampling, which starts as PyTorch's convolutions do."""
        for module in self.modules():
            if isinstance(module, (SparseConv3d, nn.Linear)):
                nn.init.trunc_normal_(module.weight, std=0.02)


def _blocks(in_channels: int, out_channels: int, count: int, norm: NormFactory) -> nn.Sequential:
    widths = [in_channels, *[out_channels] * count]
    return nn.Sequential(*(ResBlock(w, out_channels, norm) for w in widths[:-1]))
