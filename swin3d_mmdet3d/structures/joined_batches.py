"""Several batches of voxels as one, for a network that goes through them together."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import torch

from .sparse_voxels import FeatureLevel, SparseVoxels
from .voxel_batch import VoxelBatch


def joined(batches: Sequence[VoxelBatch]) -> VoxelBatch:
    """One batch with the samples of all, those of the first ahead.

    Args:
        batches: Batches, or views, with the same voxel size and signals.

    Raises:
        ValueError: If there is none.
    """
    if not batches:
        raise ValueError('batches must hold at least one batch, got none')
    point2voxel, representative, coords = [], [], []
    num_samples = num_voxels = num_points = 0
    for batch in batches:
        sample = batch.voxels.coords[:, :1] + num_samples
        coords.append(torch.cat([sample, batch.voxels.coords[:, 1:]], dim=1))
        point2voxel += [torch.where(rows < 0, rows, rows + num_voxels) for rows in batch.point2voxel]
        representative.append(batch.representative + num_points)
        num_samples += batch.voxels.batch_size
        num_voxels += len(batch.voxels)
        num_points += sum(map(len, batch.point2voxel))
    first = batches[0].voxels
    signals = {name: torch.cat([batch.voxels.signals[name] for batch in batches]) for name in first.signals}
    return VoxelBatch(
        feats=torch.cat([batch.feats for batch in batches]),
        voxels=dataclasses.replace(
            first, coords=torch.cat(coords), batch_size=num_samples, signals=signals, known=True
        ),
        point2voxel=point2voxel,
        representative=torch.cat(representative),
        origin=torch.cat([batch.origin for batch in batches]),
    )


def split_level(level: FeatureLevel, num_parts: int) -> list[FeatureLevel]:
    """The parts of a level of joined batches, each of as many samples, numbered from 0 again.

    Args:
        level: ``(feats (N, C), voxels)``, rows grouped by sample.
        num_parts: Number of batches that were joined; it divides that of the samples.
    """
    feats, voxels = level
    size = voxels.batch_size // num_parts
    bounds = voxels.host_ptr[::size]
    return [
        (feats[start:stop], _part(voxels, start, stop, number * size, size))
        for number, (start, stop) in enumerate(zip(bounds[:-1], bounds[1:]))
    ]


def _part(voxels: SparseVoxels, start: int, stop: int, first: int, size: int) -> SparseVoxels:
    coords = voxels.coords[start:stop]
    return dataclasses.replace(
        voxels,
        coords=torch.cat([coords[:, :1] - first, coords[:, 1:]], dim=1),
        batch_size=size,
        signals={name: signal[start:stop] for name, signal in voxels.signals.items()},
        known=True,
    )
