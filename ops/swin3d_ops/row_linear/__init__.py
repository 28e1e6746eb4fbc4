"""Linear layer of rows between a layer norm and a weighted sum: out = r + s (W LN(x) + b)."""

from __future__ import annotations

import torch

from ..arguments import (
    check_floats,
    check_positive,
    check_row_weight,
    check_shapes,
    check_tensor,
    once_a_kind,
)
from ..autocast import reads_16_bits_on_gpus, result_dtype, widened
from ..op import Implementation, Op, cpu_kernels
from ..precision import narrow_products
from . import cpu_impl, reference, torch_impl
from .probe import probe

__all__ = ['row_linear']

OP = Op(
    'row_linear',
    {
        'reference': Implementation(reference.row_linear),
        'torch': Implementation(torch_impl.row_linear),
        'cpu': cpu_kernels(cpu_impl.row_linear),
    },
    probe,
)


def row_linear(
    feats: torch.Tensor,
    weight: torch.Tensor,
    bias: torch.Tensor,
    norm: tuple[torch.Tensor, torch.Tensor, float] | None = None,
    residual: torch.Tensor | None = None,
    row_weight: torch.Tensor | None = None,
    precision: str | None = None,
    backend: str = 'auto',
) -> torch.Tensor:
    """Map each row by a linear layer, normalised before and added to another row behind it if asked for.

    Differentiable in all tensors but ``row_weight``. The CPU kernels keep ``feats`` and not its norm for the
    backward pass, and the results have the same bits for any number of threads. Sums, norm and the result are
    in the type of ``feats``, whatever ``precision``; so is the backward pass of the CPU kernels. Under
    autocast on a GPU ``feats`` may be of 16 bits beside float32, see :mod:`swin3d_ops.autocast`.

    Args:
        feats: (N, C) float.
        weight: (D, C), dtype of ``feats`` as all others.
        bias: (D,).
        norm: Scale (C,), shift (C,) and eps of a layer norm before the layer, or None for none.
        residual: (N, D) what the results are added to, or None.
        row_weight: (N,) factor of the result of each row, which has no gradient; where it is 0, nothing is
            computed (stochastic depth). None for 1.
        precision: What operands of products may be rounded to: 'float32' for nothing, or 'bfloat16', to which
            the kernels round on processors with AVX512-BF16; None for autocast's type where it is on, else
            what ``SWIN3D_PRECISION`` names, else 'float32'. float64 stays as it is.
        backend: 'auto', 'reference', 'torch' or 'cpu'.

    Returns:
        (N, D), dtype of ``feats``; under autocast on a GPU its type, or float32 where a residual is.

    Raises:
        TypeError: An argument of the wrong type or dtype.
        ValueError: A wrong shape, device or precision, or a back-end that cannot run.
    """
    check_floats('feats', feats)
    if norm is not None and not (isinstance(norm, tuple) and len(norm) == 3):
        raise TypeError(f'norm must be a tuple (scale, shift, eps) or None, got {norm!r:.100}')
    norm_weight, norm_bias, eps = (None, None, 1.0) if norm is None else norm
    narrow = narrow_products(feats, precision)
    rounded = result_dtype(feats.device.type) if precision is None and narrow else None
    normalised = norm is not None
    tensors = feats, weight, bias, norm_weight, norm_bias, residual, row_weight
    return _run(*tensors, eps, narrow, rounded, normalised, backend)


@reads_16_bits_on_gpus
def _run(
    feats, weight, bias, norm_weight, norm_bias, residual, row_weight, eps, narrow, rounded, normalised,
    backend,
):  # fmt: skip
    if rounded is not None:
        weight, bias, norm_weight, norm_bias, residual = map(
            widened, (weight, bias, norm_weight, norm_bias, residual)
        )
        feats = widened(feats) if normalised else feats
    tensors = feats, weight, bias, norm_weight, norm_bias, residual, row_weight
    wide = feats.dtype if rounded is None else torch.float32
    _check(*tensors, normalised, wide)
    if normalised:
        check_positive('eps of norm', eps)
    arguments = *tensors, float(eps), narrow or feats.dtype
    arguments += (wide if residual is not None else rounded or feats.dtype,)
    return OP.run(OP.choose(feats.device.type, backend, *arguments), *arguments)


@once_a_kind
def _check(feats, weight, bias, norm_weight, norm_bias, residual, row_weight, normalised, wide) -> None:
    if feats.ndim != 2 or feats.shape[1] < 1:
        raise ValueError(f'feats must have shape (N, C) with C >= 1, got {tuple(feats.shape)}')
    check_tensor('weight', weight)
    if weight.ndim != 2 or len(weight) < 1:
        raise ValueError(f'weight must have shape (D, C) with D >= 1, got {tuple(weight.shape)}')
    (rows, channels), columns = feats.shape, len(weight)
    expected = dict(weight=(weight, (columns, channels)), bias=(bias, (columns,)))
    if normalised:
        expected.update(
            norm_weight=(norm_weight, (channels,)), norm_bias=(norm_bias, (channels,))
        )  # fmt: skip
    if residual is not None:
        expected.update(residual=(residual, (rows, columns)))
    check_shapes(feats, expected, wide)
    check_row_weight(row_weight, feats)
