"""Rule of the ops under autocast: narrow floats are computed, and returned, in float32."""

from __future__ import annotations

import torch


def widen_under_autocast(*tensors):
    """Return the arguments, 16-bit tensors as float32 where autocast is on for their device.

    Mixed precision hands over 16-bit features beside float32 parameters; anything that is not a
    tensor passes unchanged, for the checks to name.
    """
    devices = [tensor.device.type for tensor in tensors if isinstance(tensor, torch.Tensor)]
    if not devices or not _is_enabled(devices[0]):
        return tensors
    return tuple(_widened(tensor) for tensor in tensors)


def _is_enabled(device_type: str) -> bool:
    if device_type == 'cpu':
        # torch 2.1 has no is_autocast_enabled(device_type) yet.
        return torch.is_autocast_cpu_enabled() if _OLD else torch.is_autocast_enabled('cpu')
    return torch.is_autocast_enabled() if _OLD else torch.is_autocast_enabled(device_type)


def _widened(value):
    narrow = isinstance(value, torch.Tensor) and value.dtype in (torch.float16, torch.bfloat16)
    return value.float() if narrow else value


_OLD = tuple(int(part) for part in torch.__version__.split('.')[:2]) < (2, 4)
