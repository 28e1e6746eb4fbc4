"""Where the host may look at values of a tensor whenever it likes."""

from __future__ import annotations

import torch


def are_free(tensor: torch.Tensor) -> bool:
    """Whether the host reads values at once; those of a GPU it waits for, until all work before is done."""
    return tensor.device.type == 'cpu'
