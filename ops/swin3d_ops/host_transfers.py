"""What passes between the host and the device of a tensor, and what of it a GPU is waited for."""

from __future__ import annotations

from collections.abc import Sequence

import torch


def reads_are_free(tensor: torch.Tensor) -> bool:
    """Whether the host reads values at once; those of a GPU it waits for, until all work before is done."""
    return tensor.device.type == 'cpu'


def numbers_on(device: torch.device, numbers: Sequence, dtype: torch.dtype = torch.int64) -> torch.Tensor:
    """Return numbers, in any nest of lists, as a tensor on a device; a GPU is not waited for."""
    pinned = device.type == 'cuda'
    staged = torch.tensor(numbers, dtype=dtype, device='cpu', pin_memory=pinned)
    return staged.to(device, non_blocking=pinned)
