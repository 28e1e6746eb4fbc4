"""The tiny problem of the representatives' self-check."""

from __future__ import annotations

import torch

from ..self_check import draw


def probe(run, dtype: torch.dtype) -> list[torch.Tensor]:
    """Choose among 60 voxels in 20 cells of 1 to 5, and among these in 4 cells of 5."""
    number = torch.cat(
        [torch.arange(20).repeat_interleave(torch.arange(20) % 5 + 1), 20 + torch.arange(20) // 5]
    )
    member = torch.cat([torch.arange(60).flip(0).view(12, 5).sort(1).values.flatten(), 60 + torch.arange(20)])
    bounds = torch.searchsorted(number, torch.arange(25))
    return list(run(draw(60, 6).to(dtype), member, number.int(), bounds, [60, 20, 4]))
