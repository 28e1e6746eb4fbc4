"""Nearest neighbours in vectorised PyTorch: compact tiles of queries against nearby sources.

For a tile with centre c and radius r (its farthest query from c), k sources lie within
r + d_k(c) of every query, d_k(c) being the k-th distance from c; sources farther than that from the
tile's box cannot be among the k nearest and are left out before any pair is formed.
"""

from __future__ import annotations

import torch

QUERY_TILE = 256
SOURCE_TILE = 16384
SLACK = 1e-5  # of a bound, against the rounding of distances


def knn(query, source, k, query_ptr, source_ptr) -> tuple[torch.Tensor, torch.Tensor]:
    """Search tile by tile, memory bounded by one tile; see the front door for the arguments."""
    query_bounds, source_bounds = query_ptr.tolist(), source_ptr.tolist()
    index = query.new_zeros(len(query), k, dtype=torch.int64)
    distance = query.new_zeros(len(query), k)
    for item in range(len(query_bounds) - 1):
        first, last = query_bounds[item : item + 2]
        s = source[source_bounds[item] : source_bounds[item + 1]]
        wide = s.double()
        for tile in _compact_tiles(query[first:last]):
            q = query[first:last][tile]
            near = _candidates(q.double(), wide, min(k, len(s)))
            nearest, place = _search(q, s[near], min(k, len(s)))
            column = torch.arange(k, device=query.device).clamp(max=len(s) - 1)
            index[first + tile] = near[place][:, column] + source_bounds[item]
            distance[first + tile] = nearest[:, column].sqrt()
    return index, distance


def _compact_tiles(query) -> list[torch.Tensor]:
    """Halve the queries at the median of their longest axis until a tile is small enough."""
    waiting = [torch.arange(len(query), device=query.device)] if len(query) else []
    tiles = []
    while waiting:
        rows = waiting.pop()
        if len(rows) <= QUERY_TILE:
            tiles.append(rows)
            continue
        points = query[rows]
        axis = (points.amax(0) - points.amin(0)).argmax()
        waiting.extend(rows[points[:, axis].argsort()].chunk(2))
    return tiles


def _candidates(query, source, k) -> torch.Tensor:
    """Return the ascending rows of the sources that may be among the k nearest of some query."""
    low, high = query.amin(0), query.amax(0)
    centre = (low + high) / 2
    radius = (query - centre).norm(dim=1).amax()
    reach = torch.topk((source - centre).norm(dim=1), k, largest=False).values[-1] + radius
    outside = torch.maximum(low - source, source - high).clamp_(min=0).norm(dim=1)
    return (outside <= reach * (1 + SLACK)).nonzero().squeeze(1)


def _search(query, source, k) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the k smallest squared distances and their rows, ties by the lowest row."""
    nearest = query.new_empty(len(query), 0)
    row = torch.empty(len(query), 0, dtype=torch.int64, device=query.device)
    for start in range(0, len(source), SOURCE_TILE):
        tile = source[start : start + SOURCE_TILE]
        squared = query.new_zeros(len(query), len(tile))
        for axis in range(3):
            squared += (query[:, None, axis] - tile[None, :, axis]).square_()
        tile_nearest, tile_row = _smallest(squared, min(k, len(tile)))
        # Earlier tiles come first, so a stable sort keeps the lowest row of a tie in front.
        nearest = torch.cat([nearest, tile_nearest], dim=1)
        row = torch.cat([row, tile_row + start], dim=1)
        nearest, order = torch.sort(nearest, dim=1, stable=True)
        nearest, row = nearest[:, :k], row.gather(1, order[:, :k])
    return nearest, row


def _smallest(squared, k) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the k smallest entries of each line in order; topk alone leaves ties to chance."""
    bound = torch.topk(squared, k, dim=1, largest=False).values[:, -1:]
    # Of the entries equal to the bound only the first few belong to the answer.
    below = squared < bound
    tied = squared == bound
    room = k - below.sum(1, keepdim=True)
    kept = below | (tied & (tied.cumsum(1) <= room))
    row = kept.nonzero()[:, 1].view(-1, k)  # ascending rows
    nearest, order = torch.sort(squared.gather(1, row), dim=1, stable=True)
    return nearest, row.gather(1, order)
