"""Precision of the products of layers and of the attention: an argument, autocast, or the environment."""

from __future__ import annotations

import os

import torch

from . import cpu_runtime
from .autocast import autocast_dtype

ENVIRONMENT_VARIABLE = 'SWIN3D_PRECISION'
PRECISIONS = ('float32', 'bfloat16')


def narrow_products(feats: torch.Tensor, precision: str | None) -> torch.dtype | None:
    """Return the type that the operands of products may be rounded to, or None for that of the features.

    Args:
        feats: The features; those in float64 are never rounded.
        precision: 'float32' for no rounding, 'bfloat16', or None: autocast's type where it is on, else what
            the environment names, else no rounding.

    Raises:
        ValueError: Naming ``precision`` or the variable of the environment, for an unknown name.
    """
    if precision is not None:
        _check('precision', precision)
    if feats.dtype == torch.float64:
        return None
    if precision is None:
        narrow = autocast_dtype(feats.device.type)
        if narrow is not None:
            return narrow
        precision = _named_by_environment()
    return torch.bfloat16 if precision == 'bfloat16' else None


def kernels_round(feats: torch.Tensor, product_dtype: torch.dtype) -> bool:
    """Whether the CPU kernels round to bfloat16 where operands may be that coarse, and not at all."""
    may = product_dtype == torch.bfloat16 and feats.dtype == torch.float32 and feats.device.type == 'cpu'
    return may and _have_bfloat16()


@torch.compiler.assume_constant_result
def _have_bfloat16() -> bool:
    return cpu_runtime.library().has_bfloat16


@torch.compiler.assume_constant_result
def _named_by_environment() -> str:
    precision = os.environ.get(ENVIRONMENT_VARIABLE, 'float32')
    _check(ENVIRONMENT_VARIABLE, precision)
    return precision


def _check(name: str, precision: str) -> None:
    if precision not in PRECISIONS:
        raise ValueError(f'{name} must be one of {PRECISIONS}, got {precision!r}')
