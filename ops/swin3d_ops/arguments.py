"""Checks that the front doors share: tensors that kernels can read, sizes in a range, rows that exist."""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable

import torch

FLOATS = (torch.float32, torch.float64, torch.float16, torch.bfloat16)
LARGEST = 2**62
"""Bound on sizes in voxels: twice as much still fits into 64 bits."""


KNOWN_KINDS = 4096
"""Kinds of arguments that a front door remembers; a step of training brings some tens of new ones."""


def once_a_kind(check: Callable[..., None]) -> Callable[..., None]:
    """Let checks run once for arguments of a kind: a network repeats few kinds hundreds of times a step.

    Args:
        check: Takes tensors, None, bools and dtypes by place, looks at types, shapes, dtypes, devices and
            ``requires_grad`` and at nothing else, and raises or returns None.
    """
    known: set[tuple] = set()

    @functools.wraps(check)
    def run(*arguments) -> None:
        if torch.compiler.is_compiling():
            check(*arguments)
            return
        kind = tuple(map(_kind, arguments))
        if kind in known:
            return
        check(*arguments)
        if _OTHER not in kind:
            if len(known) >= KNOWN_KINDS:
                known.clear()
            known.add(kind)

    return run


_OTHER = 'other'


def _kind(value) -> tuple | torch.dtype | bool | str | None:
    """Return what checks see of a value; all that is no plain dense tensor is looked at in every call."""
    if type(value) in (torch.Tensor, torch.nn.Parameter):
        if value.layout is torch.strided and not value.is_nested:
            return value.shape, value.dtype, value.device, value.requires_grad
        return _OTHER
    return value if value is None or type(value) in (bool, torch.dtype) else _OTHER


def check_tensor(name: str, value) -> None:
    """Raise unless ``value`` is a dense tensor with data."""
    if not isinstance(value, torch.Tensor):
        raise TypeError(f'{name} must be a tensor, got {type(value).__name__}')
    if value.layout != torch.strided or value.is_nested or value.is_quantized:
        kind = 'nested' if value.is_nested else 'quantized' if value.is_quantized else value.layout
        raise TypeError(f'{name} must be a dense tensor, got {kind}')
    if value.device.type == 'meta':
        raise ValueError(f'{name} must hold data, got a tensor on the meta device')


def check_floats(name: str, value) -> None:
    """Raise unless ``value`` is a dense tensor of one of ``FLOATS``."""
    check_tensor(name, value)
    if value.dtype not in FLOATS:
        raise TypeError(f'{name} must be a floating-point tensor, got {value.dtype}')


def check_positive(name: str, value) -> None:
    """Raise unless ``value`` is a finite number above 0."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise TypeError(f'{name} must be a number, got {type(value).__name__}')
    if not value > 0:
        raise ValueError(f'{name} must be positive, got {value}')
    if value > sys.float_info.max:
        raise ValueError(f'{name} must be a finite float, got {str(value):.20}')


def check_shapes(feats: torch.Tensor, expected: dict[str, tuple], dtype: torch.dtype | None = None) -> None:
    """Raise unless all tensors are like ``feats`` in dtype and device and have their shapes.

    Args:
        feats: The features.
        expected: Tensor and shape by the name of the argument.
        dtype: That of the tensors, where it is not that of ``feats``.
    """
    dtype = dtype or feats.dtype
    for name, (tensor, shape) in expected.items():
        check_tensor(name, tensor)
        if tensor.dtype != dtype:
            of_feats = ' of feats' if dtype == feats.dtype else ''
            raise TypeError(f'{name} must have the dtype{of_feats}, {dtype}, got {tensor.dtype}')
        if tensor.device != feats.device:
            raise ValueError(f'{name} must be on {feats.device} as feats, got {tensor.device}')
        if tensor.shape != shape:
            raise ValueError(f'{name} must have shape {shape}, got {tuple(tensor.shape)}')


def check_row_weight(row_weight, feats: torch.Tensor) -> None:
    """Raise unless ``row_weight`` is None or holds a float for each row of ``feats``, without a gradient."""
    if row_weight is None:
        return
    check_floats('row_weight', row_weight)
    if row_weight.shape != feats.shape[:1] or row_weight.device != feats.device:
        raise ValueError(
            f'row_weight must have shape ({len(feats)},) on {feats.device}, '
            f'got {tuple(row_weight.shape)} on {row_weight.device}'
        )
    if row_weight.requires_grad:
        raise ValueError('row_weight must not require a gradient: it has none')


def check_int(name: str, value, least: int, most: int) -> None:
    """Raise unless ``value`` is an int in [least, most]."""
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError(f'{name} must be an int, got {type(value).__name__}')
    if value < least:
        raise ValueError(f'{name} must be at least {least}, got {value}')
    if value > most:
        raise ValueError(f'{name} must be at most {most}, got {value}')


def check_rows(name: str, rows: torch.Tensor, limit: int) -> None:
    """Raise unless all integers of a tensor lie in [0, limit); waits for a GPU."""
    if rows.numel():
        low, high = (int(bound) for bound in rows.aminmax())
        if low < 0 or high >= limit:
            raise ValueError(f'{name} must lie in [0, {limit}), got [{low}, {high}]')
