"""Rule of the ops under autocast: 16-bit floats are computed, and returned, in float32 by every back-end."""

from __future__ import annotations

import functools
from collections.abc import Callable

import torch


def computes_in_float32(op: Callable) -> Callable:
    """Let an op, where autocast is on for its tensors, take 16-bit ones as float32 and run without autocast.

    Mixed precision hands over 16-bit features beside float32 parameters, and back-ends made of torch's
    operators would narrow their products again. Anything that is not a tensor passes unchanged, for the op's
    checks to name.
    """

    @functools.wraps(op)
    def run(*arguments, **named):
        tensors = [a for a in (*arguments, *named.values()) if isinstance(a, torch.Tensor)]
        if not tensors or not _is_enabled(tensors[0].device.type):
            return op(*arguments, **named)
        with torch.autocast(tensors[0].device.type, enabled=False):
            return op(*map(_widened, arguments), **{name: _widened(value) for name, value in named.items()})

    return run


def autocast_dtype(device_type: str) -> torch.dtype | None:
    """Return the type of products under autocast, where it is on for a type of device, else None."""
    if not _is_enabled(device_type):
        return None
    if not _OLD:
        return torch.get_autocast_dtype(device_type)
    return torch.get_autocast_cpu_dtype() if device_type == 'cpu' else torch.get_autocast_gpu_dtype()


def _widened(value):
    """Return a tensor of 16-bit floats as float32, anything else as it is."""
    narrow = isinstance(value, torch.Tensor) and value.dtype in (torch.float16, torch.bfloat16)
    return value.float() if narrow else value


def _is_enabled(device_type: str) -> bool:
    if device_type == 'meta':  # knows no autocast; for the op's checks to name
        return False
    if device_type == 'cpu':
        # torch 2.1 has no is_autocast_enabled(device_type) yet.
        return torch.is_autocast_cpu_enabled() if _OLD else torch.is_autocast_enabled('cpu')
    return torch.is_autocast_enabled() if _OLD else torch.is_autocast_enabled(device_type)


_OLD = tuple(int(part) for part in torch.__version__.split('.')[:2]) < (2, 4)
