"""A linear layer of rows by the CPU kernels, as an operator of torch."""

from __future__ import annotations

import ctypes

import torch

from .. import cpu_runtime, registration
from ..cpu_runtime import pointer, pointers, row_factors, widened
from ..precision import kernels_round

_LAYER = 'Tensor feats, Tensor weight, Tensor bias, Tensor? norm_weight, Tensor? norm_bias'


def row_linear(
    feats, weight, bias, norm_weight, norm_bias, residual, row_weight, eps, product_dtype, out_dtype
) -> torch.Tensor:
    """Compute residual + row_weight * (LN(feats) weight^T + bias)."""
    feats = feats.to(weight.dtype)
    bfloat16 = kernels_round(feats, product_dtype)
    out = _row_linear(feats, weight, bias, norm_weight, norm_bias, residual, row_weight, eps, bfloat16)
    return out.to(out_dtype)


def _arrays(*tensors):
    return [None if tensor is None else widened(tensor) for tensor in tensors]


def _numbers(eps, feats, weight):
    return ctypes.c_double(eps), *(ctypes.c_int64(size) for size in (*feats.shape, weight.shape[0]))


def _forward(feats, weight, bias, norm_weight, norm_bias, residual, row_weight, eps, bfloat16):
    wide, *others = _arrays(feats, norm_weight, norm_bias, weight, bias, residual)
    factors = row_factors(row_weight, wide.dtype)
    out = wide.new_empty(len(feats), len(weight))
    addresses = map(pointer, (wide, factors, *others))
    name = 'row_linear_bfloat16' if bfloat16 else 'row_linear'
    cpu_runtime.call(name, out.dtype, *addresses, *_numbers(eps, feats, weight), pointer(out))
    return out.to(feats.dtype)


def _fake_forward(feats, weight, bias, norm_weight, norm_bias, residual, row_weight, eps, bfloat16):
    return feats.new_empty(feats.shape[0], weight.shape[0])


def _backward(feats, weight, bias, norm_weight, norm_bias, row_weight, eps, grad_out):
    wide, *others = _arrays(feats, norm_weight, norm_bias, weight, bias, grad_out)
    factors = row_factors(row_weight, wide.dtype)
    grads = [torch.empty_like(wide), *(wide.new_empty(feats.shape[1]) for _ in range(2))]
    grads += [wide.new_empty(weight.shape), wide.new_empty(bias.shape)]
    addresses = map(pointer, (wide, factors, *others))
    numbers = _numbers(eps, feats, weight)
    cpu_runtime.call(
        'row_linear_backward', wide.dtype, *addresses, *numbers, pointer(grads[0]), pointers(*grads[1:])
    )
    of_feats, of_norm_weight, of_norm_bias, of_weight, of_bias = (grad.to(feats.dtype) for grad in grads)
    return of_feats, of_weight, of_bias, of_norm_weight, of_norm_bias


def _fake_backward(feats, weight, bias, norm_weight, norm_bias, row_weight, eps, grad_out):
    of_norm = (feats.new_empty(feats.shape[1]) for _ in range(2))
    return feats.new_empty(feats.shape), weight.new_empty(weight.shape), bias.new_empty(bias.shape), *of_norm


_row_linear = registration.define(
    'row_linear',
    f'({_LAYER}, Tensor? residual, Tensor? row_weight, float eps, bool bfloat16) -> Tensor',
    _forward,
    _fake_forward,
)
_row_linear_backward = registration.define(
    'row_linear_backward',
    f'({_LAYER}, Tensor? row_weight, float eps, Tensor grad_out) -> (Tensor, Tensor, Tensor, Tensor, Tensor)',
    _backward,
    _fake_backward,
)


def _save(ctx, inputs, output):
    *layer, residual, row_weight, ctx.eps, _ = inputs
    ctx.save_for_backward(*layer, row_weight)


def _differentiate(ctx, grad_out):
    saved = ctx.saved_tensors  # unpacked once: activation checkpointing gives no tensor twice
    grads = list(_row_linear_backward(*saved, ctx.eps, grad_out))
    if saved[3] is None:  # not normalised
        grads[3:] = None, None
    return *grads, grad_out if ctx.needs_input_grad[5] else None, None, None, None


registration.differentiate(_row_linear, _differentiate, _save)
