"""Nearest neighbours written to be read: a full distance table per batch item, sorted."""

from __future__ import annotations

import torch


def knn(query, source, k, query_ptr, source_ptr) -> tuple[torch.Tensor, torch.Tensor]:
    """Compute the definition literally; see the front door for the arguments."""
    query_bounds, source_bounds = query_ptr.tolist(), source_ptr.tolist()
    index, distance = [], []
    for item in range(len(query_bounds) - 1):
        q = query[query_bounds[item] : query_bounds[item + 1]]
        s = source[source_bounds[item] : source_bounds[item + 1]]
        if not len(q):
            continue
        table = (q[:, None] - s[None]).square().sum(2)
        nearest, row = torch.sort(table, dim=1, stable=True)
        column = torch.arange(k, device=query.device).clamp(max=len(s) - 1)
        index.append(row[:, column] + source_bounds[item])
        distance.append(nearest[:, column].sqrt())
    if not index:
        return query.new_zeros(0, k, dtype=torch.int64), query.new_zeros(0, k)
    return torch.cat(index), torch.cat(distance)
