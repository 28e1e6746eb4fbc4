"""The rule of the ops under autocast: in which precision floats are read, multiplied, summed and returned.

Every op runs without autocast: back-ends made of torch's operators would narrow what they are to sum.
Sums, norms and softmax are in float32 (float64 for float64 inputs) by every back-end, and positions, signals,
distances and voxels are never rounded. What differs is what becomes of 16-bit features:

==========================  ==================================  ===========================================
op                          on a GPU                            on the CPU
==========================  ==================================  ===========================================
``window_attention``        q, k, v read as they are, result    read as float32, result float32; operands
                            of their type; tables float32       may be rounded to autocast's type
``gather_max``              read as they are, result of their   read as float32, result float32
                            type: a maximum is one of them
``interpolate``             read as they are, weights and       read as float32, result float32
                            result float32
``linear_gather_max``       product by operands of autocast's   product in float32, result float32
                            type, rounded to it as that of
                            ``nn.Linear``; result float32
``row_linear``              read as they are; operands of the   read as float32, result float32; operands
                            product of autocast's type, which   may be rounded to autocast's type
                            is the result's, but for float32
                            where it is added to other rows
``sparse_conv``             rounded to autocast's type, as the  read as float32, result float32
                            weight is where the kernels
                            multiply; result of that type
``block_mlp``               read as float32, result float32; operands may be rounded to autocast's type
==========================  ==================================  ===========================================

``knn``, windows, levels and neighbours take no 16-bit floats.
"""

from __future__ import annotations

import functools
from collections.abc import Callable

import torch

WIDENING_DEVICES = frozenset({'cpu'})
"""Types of the devices whose kernels are written for float32 and float64 alone."""


def computes_in_float32(op: Callable) -> Callable:
    """Let an op, where autocast is on for its tensors, take 16-bit ones as float32 and run without autocast.

    Mixed precision hands over 16-bit features beside float32 parameters, which the op wants in one dtype.
    Anything that is not a tensor passes unchanged, for the op's checks to name.
    """
    return _without_autocast(op, lambda device_type: True)


def reads_16_bits_on_gpus(op: Callable) -> Callable:
    """Let an op run without autocast, its 16-bit tensors as they are, or as float32 on the CPU.

    As :func:`computes_in_float32` else. The kernels of a GPU widen each number when they read it: a copy in
    float32 would cost its launch, its memory and twice the traffic for the same sums.
    """
    return _without_autocast(op, lambda device_type: device_type in WIDENING_DEVICES)


def _without_autocast(op: Callable, widens: Callable[[str], bool]) -> Callable:
    @functools.wraps(op)
    def run(*arguments, **named):
        tensors = [a for a in (*arguments, *named.values()) if isinstance(a, torch.Tensor)]
        device_type = tensors[0].device.type if tensors else 'meta'
        if not _is_enabled(device_type):
            return op(*arguments, **named)
        if widens(device_type):
            arguments = map(widened, arguments)
            named = {name: widened(value) for name, value in named.items()}
        with torch.autocast(device_type, enabled=False):
            return op(*arguments, **named)

    return run


def autocast_dtype(device_type: str) -> torch.dtype | None:
    """Return the type of products under autocast, where it is on for a type of device, else None."""
    if not _is_enabled(device_type):
        return None
    if not _OLD:
        return torch.get_autocast_dtype(device_type)
    return torch.get_autocast_cpu_dtype() if device_type == 'cpu' else torch.get_autocast_gpu_dtype()


def result_dtype(device_type: str) -> torch.dtype | None:
    """Return the type of a product's result, as ``nn.Linear`` has it on a GPU under autocast.

    None where it is not rounded: on the CPU and without autocast.
    """
    return None if device_type in WIDENING_DEVICES else autocast_dtype(device_type)


def narrowed_operands(*tensors: torch.Tensor) -> list[torch.Tensor] | None:
    """Return the operands of a product in autocast's type, as ``nn.Linear`` has them on a GPU.

    None where they stay as they are: on the CPU, without autocast, or where one is no tensor of floats up to
    32 bits wide, for the op's checks to name.
    """
    narrow = (torch.float32, torch.float16, torch.bfloat16)
    if not all(isinstance(tensor, torch.Tensor) and tensor.dtype in narrow for tensor in tensors):
        return None
    dtype = result_dtype(tensors[0].device.type)
    return None if dtype is None else [tensor.to(dtype) for tensor in tensors]


def widened(value):
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
