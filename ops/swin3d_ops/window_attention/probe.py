"""The tiny problem of window attention's self-check."""

from __future__ import annotations

import torch

from ..self_check import differentiated, draw


def probe(run, dtype: torch.dtype) -> list[torch.Tensor]:
    """Attend in windows of 1, 7 and 3 voxels."""
    order = torch.tensor([3, 1, 4, 0, 5, 9, 2, 6, 8, 7, 10])
    structure = (draw(11, 3) * 4, (8, 8, 4), order, torch.tensor([0, 1, 8, 11]), 0.35, dtype)
    inputs = [draw(11, 3, 8) / n for n in (1, 2, 4)] + [draw(20, 3, 8) / n for n in (1, 2, 4)]
    return differentiated(lambda *tensors: run(*tensors, *structure), dtype, *inputs)
