"""Feed-forward branch of a transformer block: out = x + s (W2 GELU(W1 LN(x) + b1) + b2)."""

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
from ..autocast import computes_in_float32
from ..op import Implementation, Op, cpu_kernels
from ..precision import narrow_products
from . import cpu_impl, reference, torch_impl
from .probe import probe

__all__ = ['block_mlp']

OP = Op(
    'block_mlp',
    {
        'reference': Implementation(reference.block_mlp),
        'torch': Implementation(torch_impl.block_mlp),
        'cpu': cpu_kernels(cpu_impl.block_mlp),
    },
    probe,
)


def block_mlp(
    feats: torch.Tensor,
    norm_weight: torch.Tensor,
    norm_bias: torch.Tensor,
    weight1: torch.Tensor,
    bias1: torch.Tensor,
    weight2: torch.Tensor,
    bias2: torch.Tensor,
    row_weight: torch.Tensor | None = None,
    eps: float = 1e-5,
    precision: str | None = None,
    backend: str = 'auto',
) -> torch.Tensor:
    """Add to each row ``Linear(GELU(Linear(LayerNorm(row))))``, with the exact GELU.

    Differentiable in all tensors but ``row_weight``. The CPU kernels keep nothing but the inputs for the
    backward pass, and the results have the same bits for any number of threads. Sums, norm, GELU and the
    result are in the type of ``feats``, whatever ``precision``; so is the backward pass of the CPU kernels.

    Args:
        feats: (N, C) float.
        norm_weight: (C,) scale of the layer norm, dtype of ``feats`` as all others.
        norm_bias: (C,) its shift.
        weight1: (H, C), of the first linear layer.
        bias1: (H,).
        weight2: (C, H), of the second.
        bias2: (C,).
        row_weight: (N,) factor of what is added to each row, which has no gradient; where it is 0, nothing is
            computed (stochastic depth). None for 1.
        eps: Added to the variance of a row, positive.
        precision: What operands of products may be rounded to: 'float32' for nothing, or 'bfloat16', to which
            the kernels round on processors with AVX512-BF16; None for autocast's type where it is on, else
            what ``SWIN3D_PRECISION`` names, else 'float32'. float64 stays as it is.
        backend: 'auto', 'reference', 'torch' or 'cpu'.

    Returns:
        (N, C), dtype of ``feats``.

    Raises:
        TypeError: An argument of the wrong type or dtype.
        ValueError: A wrong shape, device or precision, or a back-end that cannot run.

    Source: the feed-forward of a pre-norm block, arXiv 2304.06906, figure 3; GELU, arXiv 1606.08415.
    """
    check_floats('feats', feats)
    parameters = norm_weight, norm_bias, weight1, bias1, weight2, bias2
    narrow = narrow_products(feats, precision)
    return _run(feats, *parameters, row_weight, eps, narrow, backend)


@computes_in_float32
def _run(feats, norm_weight, norm_bias, weight1, bias1, weight2, bias2, row_weight, eps, narrow, backend):
    parameters = norm_weight, norm_bias, weight1, bias1, weight2, bias2
    _check(feats, *parameters, row_weight)
    check_positive('eps', eps)
    arguments = feats, *parameters, row_weight, float(eps), narrow or feats.dtype
    return OP.run(OP.choose(feats.device.type, backend, *arguments), *arguments)


@once_a_kind
def _check(feats, norm_weight, norm_bias, weight1, bias1, weight2, bias2, row_weight) -> None:
    if feats.ndim != 2 or feats.shape[1] < 1:
        raise ValueError(f'feats must have shape (N, C) with C >= 1, got {tuple(feats.shape)}')
    check_tensor('weight1', weight1)
    if weight1.ndim != 2 or len(weight1) < 1:
        raise ValueError(f'weight1 must have shape (H, C) with H >= 1, got {tuple(weight1.shape)}')
    channels, columns = feats.shape[1], len(weight1)
    expected = dict(
        norm_weight=(norm_weight, (channels,)), norm_bias=(norm_bias, (channels,)),
        weight1=(weight1, (columns, channels)), bias1=(bias1, (columns,)),
        weight2=(weight2, (channels, columns)), bias2=(bias2, (channels,)),
    )  # fmt: skip
    check_shapes(feats, expected)
    check_row_weight(row_weight, feats)
