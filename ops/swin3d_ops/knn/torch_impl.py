"""Nearest neighbours in vectorised PyTorch: bounded tiles of queries and sources, merged."""

from __future__ import annotations

import torch

QUERY_TILE = 1024
SOURCE_TILE = 4096


def knn(query, source, k, query_bounds, source_bounds) -> tuple[torch.Tensor, torch.Tensor]:
    """Search tile by tile, memory bounded by one tile; see the front door for the arguments."""
    index = query.new_zeros(len(query), k, dtype=torch.int64)
    distance = query.new_zeros(len(query), k)
    for item in range(len(query_bounds) - 1):
        s = source[source_bounds[item] : source_bounds[item + 1]]
        for start in range(query_bounds[item], query_bounds[item + 1], QUERY_TILE):
            stop = min(start + QUERY_TILE, query_bounds[item + 1])
            nearest, row = _search(query[start:stop], s, min(k, len(s)))
            column = torch.arange(k, device=query.device).clamp(max=len(s) - 1)
            index[start:stop] = row[:, column] + source_bounds[item]
            distance[start:stop] = nearest[:, column].sqrt()
    return index, distance


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
