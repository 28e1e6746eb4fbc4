"""The one look at what a search is given: positions in range, bounds that make sense."""

from __future__ import annotations

import math
from itertools import islice

import torch

LARGEST = {torch.float32: 5e18, torch.float64: 3e153}
"""Positions beyond this have squared distances that overflow."""

SMALLEST = {torch.float32: 1e-16, torch.float64: 1e-151}
"""In clouds that extend over less than this, squared distances lose their digits."""


def check_values(
    query: torch.Tensor, source: torch.Tensor, query_ptr: torch.Tensor, source_ptr: torch.Tensor
) -> None:
    """Raise ValueError for values that are wrong; waits for a GPU once. Types and shapes are right."""
    clouds = {name: cloud for name, cloud in (('query', query), ('source', source)) if len(cloud)}
    parts = [corner for cloud in clouds.values() for corner in torch.aminmax(cloud.detach(), dim=0)]
    parts += [query_ptr, source_ptr]
    values = iter(torch.cat([part.to(query.device, torch.float64) for part in parts]).tolist())
    *corners, query_bounds, source_bounds = (list(islice(values, len(part))) for part in parts)
    for name, low, high in zip(clouds, corners[::2], corners[1::2]):
        _check_range(name, low + high, LARGEST[query.dtype])
    if clouds:
        _check_extent(corners[::2], corners[1::2], SMALLEST[query.dtype])
    query_bounds, source_bounds = (list(map(int, bounds)) for bounds in (query_bounds, source_bounds))
    _check_bounds('query_ptr', query_bounds, len(query))
    _check_bounds('source_ptr', source_bounds, len(source))
    _check_items(query_bounds, source_bounds)


def _check_range(name: str, values: list[float], limit: float) -> None:
    if not all(map(math.isfinite, values)):
        raise ValueError(f'{name} must be finite, got NaN or infinity')
    largest = max(map(abs, values))
    if largest > limit:
        raise ValueError(f'{name} must lie in [-{limit:g}, {limit:g}], got {largest:g} in size')


def _check_extent(lows: list[list[float]], highs: list[list[float]], limit: float) -> None:
    extent = max(max(high) - min(low) for low, high in zip(zip(*lows), zip(*highs)))
    if 0 < extent < limit:
        raise ValueError(f'query and source must extend over at least {limit:g}, got {extent:g}')


def _check_bounds(name: str, bounds: list[int], rows: int) -> None:
    ascending = all(low <= high for low, high in zip(bounds[:-1], bounds[1:]))
    if bounds[0] != 0 or bounds[-1] != rows or not ascending:
        raise ValueError(f'{name} must ascend from 0 to {rows}, got {bounds}')


def _check_items(query_bounds: list[int], source_bounds: list[int]) -> None:
    for item in range(len(query_bounds) - 1):
        queries = query_bounds[item + 1] - query_bounds[item]
        if queries and source_bounds[item + 1] == source_bounds[item]:
            raise ValueError(f'source_ptr: batch item {item} has {queries} queries and no source')
