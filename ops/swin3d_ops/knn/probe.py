"""The tiny problem of the nearest neighbours' self-check."""

from __future__ import annotations

import torch

from ..self_check import draw


def probe(run, dtype: torch.dtype) -> list[torch.Tensor]:
    """Search two batch items, the first with fewer sources than neighbours."""
    query, source = draw(40, 3), draw(90, 3) / 2
    bounds = torch.tensor([0, 25, 40]), torch.tensor([0, 3, 90])
    return list(run(query.to(dtype), source.to(dtype), 5, *bounds))
