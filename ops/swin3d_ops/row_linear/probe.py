"""The tiny problems of the self-check of linear layers of rows."""

from __future__ import annotations

import torch

from ..self_check import differentiated, draw


def probe(run, dtype: torch.dtype) -> list[torch.Tensor]:
    """Normalise more rows than a tile has; add a few of odd widths to others, some of them left out."""
    norm = draw(20), draw(20)
    results = differentiated(
        lambda feats, weight, bias, *norm: run(feats, weight, bias, *norm, None, None, 1e-5, dtype, dtype),
        dtype, draw(140, 20) * 2, draw(70, 20) / 2, draw(70), *norm,
    )  # fmt: skip
    factors = torch.tensor([1, 0, 1.25, 1.25, 0], dtype=dtype, device='cpu')
    return results + differentiated(
        lambda feats, weight, bias, residual: run(
            feats, weight, bias, None, None, residual, factors, 1e-5, dtype, dtype
        ),
        dtype, draw(5, 3), draw(7, 3), draw(7), draw(5, 7),
    )  # fmt: skip
