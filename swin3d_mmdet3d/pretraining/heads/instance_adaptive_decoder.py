"""A decoder that is told which instance of a mixture it is to find: by a hint, through adaptive norms."""

from __future__ import annotations

import torch
from mmdet3d.registry import MODELS
from mmengine.model import BaseModule, ModuleList
from torch import Tensor, nn

from ...models.layers import BatchNorm
from ...structures import Ragged, SparseVoxels


class HintEncoder(BaseModule):
    """PointNet: an MLP of each row, and the maximum over the rows of a scene.

    Args:
        in_channels: Columns of a row.
        channels: Width of the hint.
    """

    def __init__(self, in_channels: int, channels: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Linear(in_channels, channels, bias=False),
            BatchNorm(channels),
            nn.ReLU(),
            nn.Linear(channels, channels),
        )

    def forward(self, rows: Ragged) -> Tensor:
        """The hint ``(B, E)`` of the rows ``(Q, C)`` of each of B scenes, at least one a scene."""
        feats = self.layers(rows.values)
        hint = feats.new_full((len(rows.ptr) - 1, feats.shape[1]), -torch.inf)
        return hint.scatter_reduce(0, rows.sample[:, None].expand_as(feats), feats, 'amax')


class AdaptiveInstanceNorm(BaseModule):
    """Instance norm whose scale and shift are read out of a hint: (1 + a(h)) (x - mean) / std + b(h).

    Mean and deviation are those of a scene's voxels, channel by channel.

    Args:
        channels: Width of the features.
        hint_channels: Width of the hint.
    """

    eps = 1e-5

    def __init__(self, channels: int, hint_channels: int) -> None:
        super().__init__()
        self.modulation = nn.Linear(hint_channels, 2 * channels)

    def forward(self, feats: Tensor, voxels: SparseVoxels, hint: Tensor) -> Tensor:
        """Normalise ``(N, C)`` features of voxels by the hints ``(B, E)``."""
        item = voxels.coords[:, 0].long()
        count = torch.bincount(item, minlength=voxels.batch_size).clamp(min=1)[:, None]
        zeros = feats.new_zeros(voxels.batch_size, feats.shape[1])
        centered = feats - (zeros.index_add(0, item, feats) / count)[item]
        variance = zeros.index_add(0, item, centered.square()) / count
        scale, shift = self.modulation(hint).chunk(2, dim=1)
        return (1 + scale)[item] * centered / (variance + self.eps).sqrt()[item] + shift[item]


@MODELS.register_module()
class InstanceAdaptiveDecoder(BaseModule):
    """Tell of each voxel of a mixture whether it is of the scene that a hint is of.

    Residual blocks ``x + W relu(norm(V x, h))`` with :class:`AdaptiveInstanceNorm`, and a linear read-out.

    Args:
        in_channels: Width of the student's features.
        hint_in_channels: Columns of the rows of a hint.
        channels: Width of the hint and of the blocks.
        num_blocks: Residual blocks.
        init_cfg: Initialisation config of mmengine.

    Source: arXiv 2109.00452 and its released code: three residual blocks with instance norm, which
        refine the hint's points to the scene's. Reading an owner instead, and hints that act through the
        norms, are ours.
    """

    def __init__(
        self,
        in_channels: int,
        hint_in_channels: int,
        channels: int = 64,
        num_blocks: int = 3,
        init_cfg: dict | None = None,
    ) -> None:
        super().__init__(init_cfg)
        if num_blocks < 1:
            raise ValueError(f'num_blocks must be at least 1, got {num_blocks}')
        self.hint = HintEncoder(hint_in_channels, channels)
        self.first = nn.Linear(in_channels, channels)
        self.widen = ModuleList([nn.Linear(channels, channels, bias=False) for _ in range(num_blocks)])
        self.norms = ModuleList([AdaptiveInstanceNorm(channels, channels) for _ in range(num_blocks)])
        self.narrow = ModuleList([nn.Linear(channels, channels) for _ in range(num_blocks)])
        self.last = nn.Linear(channels, 1)

    def forward(self, feats: Tensor, voxels: SparseVoxels, rows: Ragged) -> Tensor:
        """Logits ``(N,)``, above 0 for "of the hinted scene", of ``(N, C)`` features and the hints' rows."""
        hint = self.hint(rows)
        feats = self.first(feats)
        for widen, norm, narrow in zip(self.widen, self.norms, self.narrow):
            feats = feats + narrow(norm(widen(feats), voxels, hint).relu())
        return self.last(feats)[:, 0]
