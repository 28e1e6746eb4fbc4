"""Sparse convolution by the CPU kernels: out_m = sum over pairs (k, n) of m of feats_n W_k."""

from __future__ import annotations

import torch

from ..arguments import check_floats
from ..backends import choose_backend
from . import cpu_impl
from .pairs import OffsetPairs

__all__ = ['OffsetPairs', 'kernels_serve', 'site_conv']


def kernels_serve(device_type: str) -> bool:
    """Whether :func:`site_conv` is the back-end of tensors on this device; elsewhere PyTorch is.

    Raises:
        ValueError: ``SWIN3D_OPS`` names a back-end that cannot run.
    """
    return device_type == 'cpu' and choose_backend('site_conv', device_type, 'auto') == 'cpu'


def site_conv(feats: torch.Tensor, weight: torch.Tensor, pairs: OffsetPairs) -> torch.Tensor:
    """Sum ``feats[n] @ weight[k]`` over the pairs (k, n) of each output row.

    Differentiable in ``feats`` and ``weight``; the results have the same bits for any number of threads.

    Args:
        feats: (N, C) float on the CPU.
        weight: (K, C, D), dtype of ``feats``.
        pairs: pairs of N input and M output rows under K offsets. The kernels look at their values in every
            call, backward included, so that a later write into them, by whatever way, is noticed.

    Returns:
        (M, D), dtype of ``feats``.

    Raises:
        TypeError: an argument of the wrong type or dtype.
        ValueError: a wrong shape or device, or pairs that are out of range or order.
    """
    for name, tensor in (('feats', feats), ('weight', weight)):
        check_floats(name, tensor)
        if tensor.device.type != 'cpu':
            raise ValueError(f'{name} must be on the CPU, got {tensor.device}')
    if weight.dtype != feats.dtype:
        raise TypeError(f'weight must have the dtype of feats, {feats.dtype}, got {weight.dtype}')
    if not isinstance(pairs, OffsetPairs):
        raise TypeError(f'pairs must be OffsetPairs, got {type(pairs).__name__}')
    pairs.check()
    if pairs.source.device.type != 'cpu':
        raise ValueError(f'pairs must be on the CPU, got {pairs.source.device}')
    if feats.ndim != 2 or len(feats) != pairs.num_sources:
        raise ValueError(f'feats must have shape ({pairs.num_sources}, C), got {tuple(feats.shape)}')
    offsets = len(pairs.ptr) - 1
    if weight.ndim != 3 or weight.shape[:2] != (offsets, feats.shape[1]):
        raise ValueError(
            f'weight must have shape ({offsets}, {feats.shape[1]}, D), got {tuple(weight.shape)}'
        )
    return cpu_impl.site_conv(feats, weight, pairs)
