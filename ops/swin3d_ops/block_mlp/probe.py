"""The tiny problems of the feed-forward branch's self-check."""

from __future__ import annotations

import torch

from ..self_check import differentiated, draw


def probe(run, dtype: torch.dtype) -> list[torch.Tensor]:
    """Few rows of odd widths, some left out; more rows and columns than a tile has at a time."""
    results = []
    for rows, channels, columns, keep in ((5, 3, 7, [1, 0, 1.25, 1.25, 0]), (140, 20, 200, None)):
        matrices = draw(columns, channels) / 2, draw(columns), draw(channels, columns) / 4, draw(channels)
        inputs = draw(rows, channels) * 2, draw(channels), draw(channels), *matrices
        row_weight = None if keep is None else torch.tensor(keep, dtype=dtype, device='cpu')
        results += differentiated(
            lambda *tensors, weight=row_weight: run(*tensors, weight, 1e-5, dtype), dtype, *inputs
        )
    return results
