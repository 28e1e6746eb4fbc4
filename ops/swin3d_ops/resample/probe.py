"""The tiny problems of the resampling ops' self-checks."""

from __future__ import annotations

import torch

from ..self_check import differentiated, draw


def _index() -> torch.Tensor:
    return torch.arange(24).view(8, 3) * 7 % 10


def probe_gather_max(run, dtype: torch.dtype) -> list[torch.Tensor]:
    """Pool 10 rows into 8."""
    index = _index()
    return differentiated(lambda feats: run(feats, index), dtype, draw(10, 5))


def probe_linear_gather_max(run, dtype: torch.dtype) -> list[torch.Tensor]:
    """Pool rows that are gathered often, and rows that are gathered once."""
    inputs, results = (draw(10, 5), draw(18, 5) / 2), []
    for index in (_index(), _index()[:4]):
        results += differentiated(
            lambda feats, weight, index=index: run(feats, weight, index), dtype, *inputs
        )
    return results


def probe_interpolate(run, dtype: torch.dtype) -> list[torch.Tensor]:
    """Sum rows with weights."""
    index = _index()
    return differentiated(lambda feats, weight: run(feats, index, weight), dtype, draw(10, 5), draw(8, 3))
