"""A network of sequences: a network of each frame, and convolutions along time."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from mmdet3d.registry import MODELS
from mmengine.model import BaseModule, ModuleList
from swin3d_ops.voxel_index import lookup
from torch import Tensor, nn

from ...models.encoding import encode_levels
from ...models.layers import BatchNorm
from ...structures import CloudView


class TemporalConv(BaseModule):
    """Residual convolution of three frames at one place: x_t + relu(norm(W [x_t-1, x_t, x_t+1])).

    A place that is empty in a frame, or before the first and behind the last one, counts as zeros.

    Args:
        channels: Width of the features.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.linear = nn.Linear(3 * channels, channels, bias=False)
        self.norm = BatchNorm(channels)

    def forward(self, feats: list[Tensor], rows: list[tuple[Tensor, Tensor]]) -> list[Tensor]:
        """Mix the features of frames.

        Args:
            feats: Per frame ``(N, C)``.
            rows: Per frame ``(N,)`` int64 rows of the frame before, and of the frame after it, that lie in
                the same place; -1 where none does.
        """
        count = [len(own) for own in feats]
        mixed = [
            torch.cat(
                [
                    _rows_or_zeros(feats[max(time - 1, 0)], before),
                    own,
                    _rows_or_zeros(feats[min(time + 1, len(feats) - 1)], after),
                ],
                dim=1,
            )
            for time, (own, (before, after)) in enumerate(zip(feats, rows))
        ]
        change = self.norm(self.linear(torch.cat(mixed))).relu()
        return [own + part for own, part in zip(feats, change.split(count))]


@MODELS.register_module()
class SequenceNetwork(BaseModule):
    """Features of the voxels of each frame that know of the frames before and after it.

    A sparse convolution in four dimensions, cut into one of space and one of time: each frame goes through
    a network of its own, and its finest features then through convolutions along time at the same place.

    Args:
        backbone: Config of a backbone, as of a student.
        channels: Width of its finest features.
        neck: Config of a decoder; None without one.
        num_layers: Convolutions along time; a voxel knows so many frames before and after it.
        init_cfg: Initialisation config of mmengine.

    Source: arXiv 2112.02990 has a sparse convolutional network over x, y, z and t; the cut is ours.
    """

    def __init__(
        self,
        backbone: dict,
        channels: int,
        neck: dict | None = None,
        num_layers: int = 2,
        init_cfg: dict | None = None,
    ) -> None:
        super().__init__(init_cfg)
        if num_layers < 1:
            raise ValueError(f'num_layers must be at least 1, got {num_layers}')
        self.backbone = MODELS.build(backbone)
        self.neck = None if neck is None else MODELS.build(neck)
        self.layers = ModuleList([TemporalConv(channels) for _ in range(num_layers)])

    def forward(self, frames: Sequence[CloudView]) -> list[Tensor]:
        """Features ``(N, C)`` of the voxels of each frame; places of all frames are those of one world."""
        feats = [
            encode_levels(self.backbone, self.neck, frame.feats, frame.voxels).finest[0] for frame in frames
        ]
        rows = rows_in_time(frames)
        for layer in self.layers:
            feats = layer(feats, rows)
        return feats


def rows_in_time(frames: Sequence[CloudView]) -> list[tuple[Tensor, Tensor]]:
    """Per frame the rows ``(N,)`` of the voxels before and after it in the same place; -1 without one."""
    cells = [_world_cells(frame) for frame in frames]
    empty = cells[0][:0]
    before, after = [empty, *cells[:-1]], [*cells[1:], empty]
    return [(lookup(past, own), lookup(future, own)) for past, own, future in zip(before, cells, after)]


def _world_cells(frame: CloudView) -> Tensor:
    """``(N, 4)`` int64 voxels, counted from the origin of the world and not from the frame's corner."""
    corner = (frame.origin / frame.voxels.voxel_size).round().long()
    cells = frame.voxels.coords.long()
    cells[:, 1:] += corner[cells[:, 0]]
    return cells


def _rows_or_zeros(feats: Tensor, rows: Tensor) -> Tensor:
    padded = torch.cat([feats, feats.new_zeros(1, feats.shape[1])])
    return padded[rows]  # -1 is the last row
