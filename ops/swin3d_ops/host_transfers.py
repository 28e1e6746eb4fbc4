"""What passes between the host and the device of a tensor, and what of it a GPU is waited for."""

from __future__ import annotations

from collections.abc import Sequence

import torch


def reads_are_free(tensor: torch.Tensor) -> bool:
    """Whether the host reads values at once; those of a GPU it waits for, until all work before is done."""
    return tensor.device.type == 'cpu'


def numbers_on(device: torch.device, numbers: Sequence) -> torch.Tensor:
    """Return int64 numbers, in any nest of lists, on a device, without a wait for a GPU."""
    pinned = device.type == 'cuda'
    return torch.tensor(numbers, dtype=torch.int64, pin_memory=pinned).to(device, non_blocking=pinned)
