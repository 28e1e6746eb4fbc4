"""Two scenes mixed into one, half of the voxels of each; the other halves stay for hints."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from mmdet3d.registry import MODELS
from swin3d_ops.voxel_index import unique_voxels
from torch import Tensor, nn

from ...structures import CloudView, Ragged, SparseVoxels

NOBODY = -1
"""Owner of a voxel that both scenes claim."""


@dataclass(frozen=True, eq=False)
class Mixture:
    """B mixtures of two scenes each.

    Attributes:
        feats: ``(N, C)`` input features.
        voxels: The N voxels, those of the second scene moved onto the first.
        owner: ``(N,)`` int64: 0 for a voxel of the first scene, 1 for one of the second, -1 for one of both.
        source: ``(N,)`` int64, the row of the view that each voxel is.
        hints: Of the first scenes and of the second: rows ``(Q,)`` int64 of the view that were not mixed in.
    """

    feats: Tensor
    voxels: SparseVoxels
    owner: Tensor
    source: Tensor
    hints: tuple[Ragged, Ragged]


@MODELS.register_module()
class MixedHalves(nn.Module):
    """Mix each scene of a batch with the next one: random halves of their voxels in one place.

    Both stand on one floor, middle over middle. Of a cell that both claim the first scene's voxel is kept,
    and it belongs to nobody. Halves are drawn anew for each mixture, so that two scenes give two of them.

    Args:
        num_hints: Most voxels of a scene that are kept for its hint, none of which is in the mixture.
        shuffle: Exchange the hints of a mixture or not, at random, as the control of a comparison.

    Source: arXiv 2109.00452; there of points of single objects, both centred.
    """

    def __init__(self, num_hints: int = 512, shuffle: bool = False) -> None:
        super().__init__()
        if num_hints < 1:
            raise ValueError(f'num_hints must be at least 1, got {num_hints}')
        self.num_hints = num_hints
        self.shuffle = shuffle

    @torch.no_grad()
    def forward(self, view: CloudView) -> Mixture | None:
        """Mix a view; None where it has one scene alone, or one with a single voxel."""
        voxels, batch_size = view.voxels, view.voxels.batch_size
        if batch_size < 2 or min(voxels.counts) < 2:
            return None
        shown, hints = [], []
        for sample in range(batch_size):
            pair = [self._halves(voxels, scene) for scene in (sample, (sample + 1) % batch_size)]
            swap = self.shuffle and bool(torch.rand(()) < 0.5)
            hints.append([rest for _, rest in (pair[::-1] if swap else pair)])
            shown += [rows for rows, _ in pair]
        first, second = ([own[role] for own in hints] for role in (0, 1))
        return self._mixture(view, shown, (_ragged(first), _ragged(second)))

    def _halves(self, voxels: SparseVoxels, scene: int) -> tuple[Tensor, Tensor]:
        """Rows of one half of a scene's voxels, and of the other as many as a hint has."""
        start, end = voxels.host_ptr[scene : scene + 2]
        rows = start + torch.randperm(end - start, device=voxels.coords.device)
        half = len(rows) // 2
        return rows[:half], rows[half:][: self.num_hints]

    def _mixture(self, view: CloudView, shown: Sequence[Tensor], hints: tuple[Ragged, Ragged]) -> Mixture:
        """The mixtures of rows of the view, those of each first scene before those of its second."""
        middle = middles(view.voxels)
        rows, coords, moves, roles = [], [], [], []
        for number, own in enumerate(shown):
            mixture, role = divmod(number, 2)
            scene = (mixture + role) % view.voxels.batch_size
            move = middle[mixture] - middle[scene]
            place = view.voxels.coords[own, 1:] + move
            rows.append(own)
            coords.append(torch.cat([torch.full_like(place[:, :1], mixture), place], dim=1))
            moves.append(move.expand(len(own), 3))
            roles.append(torch.full_like(own, role))
        source, coords, moves, roles = map(torch.cat, (rows, coords, moves, roles))
        cells, cell = unique_voxels(coords)
        kept = cell.new_full((len(cells),), len(cell))
        kept.scatter_reduce_(0, cell, torch.arange(len(cell), device=cell.device), 'amin')
        owner = torch.where(torch.bincount(cell) > 1, NOBODY, roles[kept])
        source = source[kept]
        signals = {name: values[source] for name, values in view.voxels.signals.items()}
        if 'xyz' in signals:
            signals['xyz'] = signals['xyz'] + moves[kept]
        mixed = replace(view.voxels, coords=cells, signals=signals)
        return Mixture(view.feats[source], mixed, owner, source, hints)


def middles(voxels: SparseVoxels) -> Tensor:
    """``(B, 3)`` voxel over which the middle of each scene lies: that of its box in x and y, 0 in z."""
    parts = [voxels.coords[start:end, 1:] for start, end in zip(voxels.host_ptr[:-1], voxels.host_ptr[1:])]
    middle = torch.stack([(part.amin(dim=0) + part.amax(dim=0)) // 2 for part in parts])
    middle[:, 2] = 0
    return middle


def _ragged(rows: list[Tensor]) -> Ragged:
    counts = torch.tensor([0] + [len(own) for own in rows], device=rows[0].device)
    return Ragged(torch.cat(rows), counts.cumsum(0))
