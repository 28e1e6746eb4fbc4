"""Resampling between voxel levels: out_m = max_k f[index_mk] and out_m = sum_k w_mk f[index_mk]."""

from __future__ import annotations

import torch

from ..arguments import check_floats, check_positive, check_rows, check_tensor
from ..autocast import autocast_dtype, narrowed_operands, reads_16_bits_on_gpus
from ..op import Implementation, Op, cpu_kernels, cuda_kernels
from . import cpu_impl, cuda_impl, reference, torch_impl
from .probe import probe_gather_max, probe_interpolate, probe_linear_gather_max

__all__ = ['gather_max', 'interpolate', 'inverse_distance_weights', 'linear_gather_max']


def _declare(name: str, probe) -> Op:
    implementations = {
        'reference': Implementation(getattr(reference, name)),
        'torch': Implementation(getattr(torch_impl, name)),
        'cpu': cpu_kernels(getattr(cpu_impl, name)),
        'cuda': cuda_kernels(getattr(cuda_impl, name)),
    }
    return Op(name, implementations, probe)


GATHER_MAX = _declare('gather_max', probe_gather_max)
LINEAR_GATHER_MAX = _declare('linear_gather_max', probe_linear_gather_max)
INTERPOLATE = _declare('interpolate', probe_interpolate)


@reads_16_bits_on_gpus
def gather_max(feats: torch.Tensor, index: torch.Tensor, backend: str = 'auto') -> torch.Tensor:
    """Take the channel-wise maximum over K gathered rows (max pooling over neighbours).

    Differentiable in ``feats``; the gradient of a tie goes to its first row.

    Args:
        feats: (N, C) float.
        index: (M, K) int64 rows in [0, N), K at least 1.
        backend: 'auto', 'reference', 'torch', 'cpu' or 'cuda'.

    Returns:
        (M, C), dtype of ``feats``.

    Raises:
        TypeError: An argument of the wrong type or dtype.
        ValueError: A wrong shape, or a row out of range.
    """
    _check(feats, index)
    name = GATHER_MAX.choose(feats.device.type, backend)
    _check_values(index, feats, name)
    return GATHER_MAX.run(name, feats, index)


def linear_gather_max(
    feats: torch.Tensor, weight: torch.Tensor, index: torch.Tensor, backend: str = 'auto'
) -> torch.Tensor:
    """Multiply each row by a matrix and take the channel-wise maximum over K gathered rows.

    The result is that of ``gather_max(feats @ weight.t(), index)``. Differentiable in ``feats`` and
    ``weight``; on the CPU only the M x D maxima take part in the gradient, not the N x D product. Under
    autocast on a GPU the product is that of ``nn.Linear``: its operands, and the numbers that the maximum is
    picked from, are rounded to autocast's type.

    Args:
        feats: (N, C) float.
        weight: (D, C) float, dtype of ``feats``; under autocast any that is not wider.
        index: (M, K) int64 rows in [0, N), K at least 1.
        backend: 'auto', 'reference', 'torch', 'cpu' or 'cuda'.

    Returns:
        (M, D), dtype of ``feats``; under autocast float32.

    Raises:
        TypeError: An argument of the wrong type or dtype.
        ValueError: A wrong shape, or a row out of range.
    """
    operands = narrowed_operands(feats, weight)
    if operands is None:
        return _linear_gather_max(feats, weight, index, backend)
    return _linear_gather_max(*operands, index, backend).float()


@reads_16_bits_on_gpus
def _linear_gather_max(feats, weight, index, backend):
    _check(feats, index)
    _check_dtype('weight', weight, feats)
    if weight.ndim != 2 or weight.shape[1] != feats.shape[1]:
        raise ValueError(f'weight must have shape (D, {feats.shape[1]}), got {tuple(weight.shape)}')
    name = LINEAR_GATHER_MAX.choose(feats.device.type, backend)
    _check_values(index, feats, name)
    return LINEAR_GATHER_MAX.run(name, feats, weight, index)


def interpolate(
    feats: torch.Tensor, index: torch.Tensor, weight: torch.Tensor, backend: str = 'auto'
) -> torch.Tensor:
    """Sum K gathered rows with weights (inverse-distance interpolation of a coarse level).

    Differentiable in ``feats`` and ``weight``.

    Args:
        feats: (N, C) float.
        index: (M, K) int64 rows in [0, N), K at least 1.
        weight: (M, K) float32, or dtype of ``feats``; sums are taken in the wider of both.
        backend: 'auto', 'reference', 'torch', 'cpu' or 'cuda'.

    Returns:
        (M, C), dtype of ``feats``; under autocast the wider of both dtypes.

    Raises:
        TypeError: An argument of the wrong type or dtype.
        ValueError: A wrong shape, or a row out of range.
    """
    check_floats('feats', feats)
    sums = _interpolate(feats, index, weight, backend)
    return sums if autocast_dtype(feats.device.type) else sums.to(feats.dtype)


@reads_16_bits_on_gpus
def _interpolate(feats, index, weight, backend):
    _check(feats, index)
    if feats.dtype == torch.float64 and isinstance(weight, torch.Tensor) and weight.dtype == torch.float32:
        weight = weight.double()
    if getattr(weight, 'dtype', None) != torch.float32:
        _check_dtype('weight', weight, feats)
    _check_device('weight', weight, feats)
    if weight.shape != index.shape:
        raise ValueError(
            f'weight must have the shape of index, {tuple(index.shape)}, got {tuple(weight.shape)}'
        )
    name = INTERPOLATE.choose(feats.device.type, backend)
    _check_values(index, feats, name)
    return INTERPOLATE.run(name, feats, index, weight)


def inverse_distance_weights(distance: torch.Tensor, eps: float = 1e-8) -> torch.Tensor:
    """Return 1 / (distance + eps), normalised over the K neighbours.

    Args:
        distance: (M, K) Euclidean distances, at least 0.
        eps: Added to each distance, in its units.

    Returns:
        (M, K) weights in [0, 1] that sum to 1 in each row.

    Raises:
        TypeError: ``distance`` is no floating-point tensor, or ``eps`` no number.
        ValueError: ``distance`` has not the shape (M, K), or ``eps`` is not positive and finite.
    """
    check_floats('distance', distance)
    if distance.ndim != 2:
        raise ValueError(f'distance must have shape (M, K), got {tuple(distance.shape)}')
    check_positive('eps', eps)
    weight = 1 / (distance + float(eps))
    return weight / weight.sum(1, keepdim=True)


def _check_dtype(name: str, values, feats) -> None:
    check_tensor(name, values)
    if values.dtype != feats.dtype:
        raise TypeError(f'{name} must have the dtype of feats, {feats.dtype}, got {values.dtype}')
    _check_device(name, values, feats)


def _check_device(name: str, values, feats) -> None:
    check_tensor(name, values)
    if values.device != feats.device:
        raise ValueError(f'{name} must be on {feats.device} as feats, got {values.device}')


def _check(feats, index) -> None:
    check_floats('feats', feats)
    check_tensor('index', index)
    if index.dtype != torch.int64:
        raise TypeError(f'index must be an int64 tensor, got {index.dtype}')
    if feats.ndim != 2:
        raise ValueError(f'feats must have shape (N, C), got {tuple(feats.shape)}')
    if index.ndim != 2 or index.shape[1] < 1:
        raise ValueError(f'index must have shape (M, K) with K >= 1, got {tuple(index.shape)}')
    if index.device != feats.device:
        raise ValueError(f'index must be on {feats.device} as feats, got {index.device}')


def _check_values(index, feats, backend: str) -> None:
    """The CPU kernels look for themselves, forward and backward; a GPU is not made to wait."""
    if backend != 'cpu' and feats.device.type == 'cpu' and not torch.compiler.is_compiling():
        check_rows('index', index, len(feats))
