"""Feed-forward branch of a transformer block: out = x + s (W2 GELU(W1 LN(x) + b1) + b2)."""

from __future__ import annotations

import torch

from ..arguments import check_floats, check_tensor
from ..autocast import autocast_dtype, computes_in_float32
from ..op import Implementation, Op, cpu_kernels
from . import cpu_impl, reference, torch_impl
from .probe import probe

__all__ = ['block_mlp']

OP = Op(
    'block_mlp',
    {
        'reference': Implementation(reference.block_mlp),
        'torch': Implementation(torch_impl.block_mlp),
        'cpu': cpu_kernels(cpu_impl.block_mlp, cpu_impl.reason_against),
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
    backend: str = 'auto',
) -> torch.Tensor:
    """Add to each row ``Linear(GELU(Linear(LayerNorm(row))))``, with the exact GELU.

    Differentiable in all tensors but ``row_weight``. The CPU kernels keep nothing but the inputs for the
    backward pass, and the results have the same bits for any number of threads. Under autocast the products
    are in its type, as those of ``nn.Linear`` are, and the rest and the result in float32.

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
        backend: 'auto', 'reference', 'torch' or 'cpu'.

    Returns:
        (N, C), dtype of ``feats``.

    Raises:
        TypeError: An argument of the wrong type or dtype.
        ValueError: A wrong shape or device, or a back-end that cannot run.

    Source: the feed-forward of a pre-norm block, arXiv 2304.06906, figure 3; GELU, arXiv 1606.08415.
    """
    check_floats('feats', feats)
    parameters = norm_weight, norm_bias, weight1, bias1, weight2, bias2
    narrow = None if feats.dtype == torch.float64 else autocast_dtype(feats.device.type)
    return _run(feats, *parameters, row_weight, eps, narrow, backend)


@computes_in_float32
def _run(feats, norm_weight, norm_bias, weight1, bias1, weight2, bias2, row_weight, eps, narrow, backend):
    parameters = dict(
        norm_weight=norm_weight, norm_bias=norm_bias, weight1=weight1, bias1=bias1, weight2=weight2,
        bias2=bias2,
    )  # fmt: skip
    _check(feats, parameters, row_weight, eps)
    arguments = feats, *parameters.values(), row_weight, eps, narrow or feats.dtype
    return OP.run(OP.choose(feats.device.type, backend, *arguments), *arguments)


def _check(feats, parameters, row_weight, eps) -> None:
    for name, tensor in parameters.items():
        check_tensor(name, tensor)
        if tensor.dtype != feats.dtype:
            raise TypeError(f'{name} must have the dtype of feats, {feats.dtype}, got {tensor.dtype}')
        if tensor.device != feats.device:
            raise ValueError(f'{name} must be on {feats.device} as feats, got {tensor.device}')
    if feats.ndim != 2 or feats.shape[1] < 1:
        raise ValueError(f'feats must have shape (N, C) with C >= 1, got {tuple(feats.shape)}')
    if parameters['weight1'].ndim != 2 or len(parameters['weight1']) < 1:
        raise ValueError(f'weight1 must have shape (H, C), H >= 1, got {tuple(parameters["weight1"].shape)}')
    rows, channels, columns = *feats.shape, len(parameters['weight1'])
    shapes = dict(
        norm_weight=(channels,), norm_bias=(channels,), weight1=(columns, channels), bias1=(columns,),
        weight2=(channels, columns), bias2=(channels,),
    )  # fmt: skip
    for name, shape in shapes.items():
        if parameters[name].shape != shape:
            raise ValueError(f'{name} must have shape {shape}, got {tuple(parameters[name].shape)}')
    if row_weight is not None:
        check_floats('row_weight', row_weight)
        if row_weight.shape != (rows,) or row_weight.device != feats.device:
            raise ValueError(
                f'row_weight must have shape ({rows},) on {feats.device}, '
                f'got {tuple(row_weight.shape)} on {row_weight.device}'
            )
        if row_weight.requires_grad:
            raise ValueError('row_weight must not require a gradient: it has none')
    if isinstance(eps, bool) or not isinstance(eps, (int, float)):
        raise TypeError(f'eps must be a number, got {type(eps).__name__}')
    if not eps > 0:
        raise ValueError(f'eps must be positive, got {eps}')
