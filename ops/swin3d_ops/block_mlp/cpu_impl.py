"""The feed-forward branch by the CPU kernels, as an operator of torch."""

from __future__ import annotations

import ctypes

import torch

from .. import cpu_runtime, registration
from ..cpu_runtime import pointer, pointers, row_factors, widened
from ..precision import kernels_round

_ARGUMENTS = (
    'Tensor feats, Tensor norm_weight, Tensor norm_bias, Tensor weight1, Tensor bias1, Tensor weight2, '
    'Tensor bias2, Tensor? row_weight, float eps'
)


def block_mlp(*arguments) -> torch.Tensor:
    """Compute feats + row_weight * (GELU(LN(feats) weight1^T + bias1) weight2^T + bias2)."""
    *operands, product_dtype = arguments
    return _block_mlp(*operands, kernels_round(operands[0], product_dtype))


def _problem(feats, parameters, row_weight, eps):
    """Return the arrays of a problem in one type, and what the kernels take: addresses, eps and sizes."""
    arrays = [widened(tensor) for tensor in (feats, *parameters)]
    weight = row_factors(row_weight, arrays[0].dtype)
    addresses = [pointer(array) for array in (arrays[0], weight, *arrays[1:])]
    sizes = [ctypes.c_int64(size) for size in (*feats.shape, parameters[2].shape[0])]
    return [*arrays, weight], addresses, [ctypes.c_double(eps), *sizes]


def _forward(feats, norm_weight, norm_bias, weight1, bias1, weight2, bias2, row_weight, eps, bfloat16):
    parameters = norm_weight, norm_bias, weight1, bias1, weight2, bias2
    arrays, addresses, numbers = _problem(feats, parameters, row_weight, eps)
    out = torch.empty_like(arrays[0])
    name = 'block_mlp_bfloat16' if bfloat16 else 'block_mlp'
    cpu_runtime.call(name, out.dtype, *addresses, *numbers, pointer(out))
    return out.to(feats.dtype)


def _fake_forward(feats, norm_weight, norm_bias, weight1, bias1, weight2, bias2, row_weight, eps, bfloat16):
    return feats.new_empty(feats.shape)


def _backward(feats, norm_weight, norm_bias, weight1, bias1, weight2, bias2, row_weight, eps, grad_out):
    parameters = norm_weight, norm_bias, weight1, bias1, weight2, bias2
    arrays, addresses, numbers = _problem(feats, parameters, row_weight, eps)
    grads = [torch.empty_like(array) for array in arrays[:7]]
    upstream = widened(grad_out)
    cpu_runtime.call(
        'block_mlp_backward', arrays[0].dtype, *addresses, pointer(upstream), *numbers, pointer(grads[0]),
        pointers(*grads[1:]),
    )  # fmt: skip
    return tuple(grad.to(tensor.dtype) for grad, tensor in zip(grads, (feats, *parameters)))


def _fake_backward(feats, norm_weight, norm_bias, weight1, bias1, weight2, bias2, row_weight, eps, grad_out):
    inputs = feats, norm_weight, norm_bias, weight1, bias1, weight2, bias2
    return tuple(tensor.new_empty(tensor.shape) for tensor in inputs)


_block_mlp = registration.define(
    'block_mlp', f'({_ARGUMENTS}, bool bfloat16) -> Tensor', _forward, _fake_forward
)
_block_mlp_backward = registration.define(
    'block_mlp_backward',
    f'({_ARGUMENTS}, Tensor grad_out) -> (Tensor, Tensor, Tensor, Tensor, Tensor, Tensor, Tensor)',
    _backward,
    _fake_backward,
)


def _save(ctx, inputs, output):
    *tensors, ctx.eps, _ = inputs
    ctx.save_for_backward(*tensors)


def _differentiate(ctx, grad_out):
    grads = _block_mlp_backward(*ctx.saved_tensors, ctx.eps, grad_out)
    return *grads, None, None, None


registration.differentiate(_block_mlp, _differentiate, _save)
