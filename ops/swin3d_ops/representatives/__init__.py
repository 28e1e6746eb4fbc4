"""Representatives of coarse voxels: of the members of each, the one nearest to their mean."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from ..op import Implementation, Op, cuda_kernels
from . import cuda_impl, torch_impl
from .probe import probe
from .torch_impl import nearest_rows

__all__ = ['find_representatives', 'nearest_rows']

OP = Op(
    'representatives',
    {
        'torch': Implementation(torch_impl.find),
        'cuda': cuda_kernels(cuda_impl.find, cuda_impl.reason_against),
    },
    probe,
)


def find_representatives(
    rows: torch.Tensor, parent: torch.Tensor, sizes: Sequence[int]
) -> tuple[torch.Tensor, ...]:
    """Find the voxels that represent those of coarser and coarser levels; a GPU is not waited for.

    Args:
        rows: (N, F) floats of the finest voxels, finite.
        parent: (P,) int64, the coarse voxel of each voxel of all levels but the coarsest. Voxels are counted
            on from level to level, coarse ones from 0 in the second.
        sizes: Number of voxels of each level, from the finest; every coarse voxel has a member.

    Returns:
        For each level but the finest (M,) int64, rows of the finest voxels. Sums run in the order of rows,
        and of those within 2e-9 of the least squared distance the first is chosen: the same on every device.
    """
    number, member = torch.sort(parent.int(), stable=True)
    places = torch.arange(sum(sizes[1:]) + 1, dtype=torch.int32, device=parent.device)
    bounds = torch.searchsorted(number, places)
    arguments = rows.detach(), member, number, bounds, list(sizes)
    return OP.run(OP.choose(rows.device.type, 'auto', *arguments), *arguments)
