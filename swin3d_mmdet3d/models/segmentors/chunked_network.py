"""Large scenes: the finest level in overlapping chunks, the coarser levels in one piece.

The finest level has about nine tenths of the voxels and of the activations, and a small receptive field:
convolutions of 3 voxels and windows of 5. A chunk that overlaps its neighbours by that radius gives its own
voxels the features that the whole scene would give them. The coarser levels see far, but are small enough to
be kept whole, and so labels do not depend on the cut.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Any

import torch
from swin3d_ops.voxel_index import lookup, parent_voxels
from torch import Tensor, nn

from ...structures import SparseVoxels

NEEDED = {
    'backbone': ('stem', 'encode', 'stem_radius'),
    'neck': ('decode_coarse', 'refine', 'refine_radius'),
}


def check_chunkable(backbone: nn.Module, neck: nn.Module | None) -> None:
    """Raise ValueError unless backbone and neck can be run in parts, as those of Swin3D can."""
    for role, module in (('backbone', backbone), ('neck', neck)):
        if module is None:
            continue
        missing = [name for name in NEEDED[role] if not hasattr(type(module), name)]
        if missing:
            raise ValueError(
                f"mode 'chunks' needs a {role} with {', '.join(missing)}, got {type(module).__name__}"
            )


def overlapping_chunks(coords: Tensor, edge: int, overlap: int) -> Iterator[tuple[Tensor, Tensor]]:
    """Cut voxels into cubes that overlap.

    Args:
        coords: ``(N, 4)`` integers (batch, x, y, z) of one scene.
        edge: Edge of a cube's own part in voxels.
        overlap: Voxels by which a cube sees beyond its own part on each side, at most ``edge``.

    Yields:
        Rows of the chunk ``(M,)`` int64, ascending, and which of them are its own ``(M,)`` bool; each row is
        some chunk's own once.

    Raises:
        ValueError: If the overlap exceeds the edge.
    """
    if overlap > edge:
        raise ValueError(f'edge of a chunk must be at least its overlap of {overlap} voxels, got {edge}')
    cubes, cube = parent_voxels(coords, edge)
    order = torch.argsort(cube, stable=True)
    start = torch.nn.functional.pad(torch.bincount(cube).cumsum(0), (1, 0)).tolist()
    step = torch.tensor([-edge, 0, edge], dtype=cubes.dtype, device=cubes.device)
    around = torch.cartesian_prod(step.new_zeros(1), step, step, step)
    for number, corner in enumerate(cubes):
        near = lookup(cubes, corner + around)
        near = near[near >= 0].tolist()
        rows = torch.cat([order[start[i] : start[i + 1]] for i in near]).sort().values
        place = coords[rows, 1:] - corner[1:]
        rows = rows[((place >= -overlap) & (place < edge + overlap)).all(dim=1)]
        yield rows, cube[rows] == number


def chunked_logits(
    backbone: nn.Module,
    neck: nn.Module | None,
    decode_head: nn.Module,
    feats: Tensor,
    voxels: SparseVoxels,
    edge: int,
) -> Tensor:
    """Logits of one scene ``(N, num_classes)``, the finest level in cubes of ``edge`` voxels.

    Args:
        backbone, neck, decode_head: Parts of the network in eval mode; see :func:`check_chunkable`.
        feats: ``(N, in_channels)`` input features.
        voxels: The N voxels of a single scene.
        edge: Edge of a chunk in voxels, at least the receptive radius of the finest level.
    """

    def run(step: Any, overlap: int) -> Tensor:
        out = None
        for rows, own in overlapping_chunks(voxels.coords, edge, overlap):
            result = step(rows)[own]
            out = result.new_empty(len(voxels), result.shape[1]) if out is None else out
            out[rows[own]] = result
        return out

    feats = run(lambda rows: backbone.stem(feats[rows], voxels.select(rows)), backbone.stem_radius)
    if neck is None:
        return run(lambda rows: decode_head(feats[rows], voxels.select(rows)), 0)
    levels = backbone.encode(feats, voxels)
    coarse = neck.decode_coarse([levels[i] for i in backbone.out_indices])
    del levels
    return run(
        lambda rows: decode_head(*neck.refine(coarse, (feats[rows], voxels.select(rows)))), neck.refine_radius
    )


def split_scenes(feats: Tensor, voxels: SparseVoxels) -> Iterator[tuple[Tensor, SparseVoxels]]:
    """Features and voxels of each scene of a batch, as a batch of its own."""
    for start, stop in zip(voxels.host_ptr[:-1], voxels.host_ptr[1:]):
        coords = voxels.coords[start:stop].clone()
        coords[:, 0] = 0
        signals = {name: signal[start:stop] for name, signal in voxels.signals.items()}
        yield (
            feats[start:stop],
            dataclasses.replace(voxels, coords=coords, batch_size=1, signals=signals, known=True),
        )
