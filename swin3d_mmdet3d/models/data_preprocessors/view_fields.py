"""Joining the fields of a batch's samples by their kind, whatever their names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import accumulate
from typing import Any

import torch
from swin3d_ops.host_transfers import numbers_on
from torch import Tensor

from ...structures import CloudView, Ragged, VoxelBatch

Fields = Mapping[str, Sequence[Tensor]]
"""Name -> a tensor for each sample."""


def join_view(batch: VoxelBatch, view: Mapping[str, Any]) -> CloudView:
    """A view of a batch out of its samples' points and fields.

    Args:
        batch: The voxels of the points.
        view: ``points``, a tensor for each sample, and the fields of each kind, ``{name: a tensor for each
            sample}``, as ``pack_fields`` makes them; kinds may be missing.

    Raises:
        ValueError: Naming the field, if its rows are not one for each point, or differ in shape.
    """
    points = list(view['points'])
    per_match = _count_on(view.get('per_match', {}), view.get('per_image', {}), points)
    return CloudView(
        **vars(batch),
        points=points,
        per_point={n: _join_per_point(n, rows, points) for n, rows in view.get('per_point', {}).items()},
        per_image={n: _join(n, rows) for n, rows in view.get('per_image', {}).items()},
        per_match={n: _join(n, rows) for n, rows in per_match.items()},
        ragged={n: Ragged(_join(n, rows), _bounds(rows)) for n, rows in view.get('ragged', {}).items()},
    )


def _join(name: str, rows: Sequence[Tensor]) -> Tensor:
    """The rows of all samples in one tensor."""
    shapes = {tuple(part.shape[1:]) for part in rows}
    if len(shapes) != 1:
        raise ValueError(f'{name} of a batch must have one shape, got {sorted(shapes)}')
    return torch.cat(list(rows))


def _join_per_point(name: str, rows: Sequence[Tensor], points: Sequence[Tensor]) -> Tensor:
    counts, expected = [len(part) for part in rows], [len(cloud) for cloud in points]
    if counts != expected:
        raise ValueError(f'{name} must have a row for each of {expected} points, got {counts}')
    return _join(name, rows)


def _bounds(rows: Sequence[Tensor]) -> Tensor:
    """``(B + 1,)`` int64 bounds of the samples' rows."""
    return numbers_on(rows[0].device, [0, *accumulate(map(len, rows))])


def _count_on(per_match: Fields, per_image: Fields, points: Sequence[Tensor]) -> dict[str, list[Tensor]]:
    """The matches, their images and points counted through the batch instead of from 0 in each sample."""
    joined = {name: list(rows) for name, rows in per_match.items()}
    if not joined:
        return joined
    if not per_image:
        raise ValueError(
            f'per_image fields must be there for the per_match fields {sorted(joined)}, got none'
        )
    images = next(iter(per_image.values()))
    for key, owners in (('image', images), ('point', points)):
        before = 0
        for sample, own in enumerate(owners):
            joined[key][sample] = joined[key][sample] + before
            before += len(own)
    return joined
