"""Representatives of coarse voxels: of the members of each, the one nearest to their mean."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from .. import host_transfers
from ..arguments import check_floats, check_int, check_rows, check_tensor
from ..op import Implementation, Op, cuda_kernels
from . import cuda_impl, torch_impl
from .probe import probe

__all__ = ['find_representatives']

MAX_VOXELS = 2**31 - 1
"""Of all levels together."""

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

    Raises:
        TypeError: An argument of the wrong type or dtype.
        ValueError: Wrong shapes or devices; on the CPU also a value that is not finite, a parent that is not
            in the next level, or a coarse voxel without a member.
    """
    _check(rows, parent, sizes)
    if host_transfers.reads_are_free(rows):
        _check_values(rows, parent, sizes)
    number, member = torch.sort(parent.int(), stable=True)
    places = torch.arange(sum(sizes[1:]) + 1, dtype=torch.int32, device=parent.device)
    bounds = torch.searchsorted(number, places)
    arguments = rows.detach(), member, number, bounds, list(sizes)
    return OP.run(OP.choose(rows.device.type, 'auto', *arguments), *arguments)


def _check(rows, parent, sizes) -> None:
    check_floats('rows', rows)
    check_tensor('parent', parent)
    if parent.dtype != torch.int64:
        raise TypeError(f'parent must be an int64 tensor, got {parent.dtype}')
    if not isinstance(sizes, Sequence) or not len(sizes):
        raise TypeError(f'sizes must be a sequence of at least one int, got {sizes!r:.100}')
    for size in sizes:
        check_int('sizes', size, 0, MAX_VOXELS)
    check_int('the sum of sizes', sum(sizes), 0, MAX_VOXELS)
    if rows.ndim != 2 or len(rows) != sizes[0]:
        raise ValueError(f'rows must have shape ({sizes[0]}, F), got {tuple(rows.shape)}')
    if parent.shape != (sum(sizes[:-1]),) or parent.device != rows.device:
        raise ValueError(
            f'parent must have shape ({sum(sizes[:-1])},) on {rows.device}, '
            f'got {tuple(parent.shape)} on {parent.device}'
        )


def _check_values(rows, parent, sizes) -> None:
    if not rows.isfinite().all():
        raise ValueError('rows must be finite, got NaN or infinity')
    first = 0
    for own, coarse in zip(parent.split(list(sizes[:-1])), sizes[1:]):
        own = own - first
        check_rows(f'parent, counted in the level of {coarse} voxels,', own, coarse)
        if coarse > len(own) or (own.bincount(minlength=coarse) == 0).any():
            raise ValueError(f'parent must name every voxel of the level of {coarse} at least once')
        first += coarse
