"""Resampling by the CPU kernels, as operators of torch."""

from __future__ import annotations

import ctypes

import torch

from .. import cpu_runtime, registration
from ..arguments import check_rows
from ..cpu_runtime import pointer, widened

SHARED_ROWS = 2
"""Where rows are gathered more often than this, each is multiplied once and its product kept."""


def gather_max(feats: torch.Tensor, index: torch.Tensor) -> torch.Tensor:
    """Compute out_m = max_k feats[index_mk]."""
    return _gather_max(feats, index)[0]


def linear_gather_max(feats: torch.Tensor, weight: torch.Tensor, index: torch.Tensor) -> torch.Tensor:
    """Compute out_m = max_k (feats weight^T)[index_mk]."""
    return _linear_max(feats, weight, index)[0]


def interpolate(feats: torch.Tensor, index: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
    """Compute out_m = sum_k weight_mk feats[index_mk], (M, C) in the dtype of ``weight``."""
    return _interpolate(feats, index, weight)


def _rows(index, num_rows):
    """Return the index contiguous; the kernels trust it, so it is looked at in every call."""
    check_rows('index', index, num_rows)
    return index.contiguous()


def _sizes(index, channels):
    return ctypes.c_int64(index.shape[0]), ctypes.c_int64(index.shape[1]), ctypes.c_int64(channels)


def _max_forward(feats, index):
    wide, index = widened(feats), _rows(index, len(feats))
    out = wide.new_empty(index.shape[0], feats.shape[1])
    choice = torch.empty_like(out, dtype=torch.int32)
    sizes = _sizes(index, feats.shape[1])
    cpu_runtime.call(
        'gather_max', wide.dtype, pointer(wide), pointer(index), *sizes, pointer(out), pointer(choice)
    )
    return out.to(feats.dtype), choice


def _fake_max_forward(feats, index):
    shape = (index.shape[0], feats.shape[1])
    return feats.new_empty(shape), feats.new_empty(shape, dtype=torch.int32)


def _max_backward(grad_out, index, choice, num_rows):
    wide, index, choice = widened(grad_out), _rows(index, num_rows), choice.contiguous()
    grad = wide.new_zeros(num_rows, wide.shape[1])
    sizes = _sizes(index, wide.shape[1])
    cpu_runtime.call(
        'gather_max_backward', wide.dtype, pointer(wide), pointer(index), pointer(choice), *sizes,
        pointer(grad),
    )  # fmt: skip
    return grad.to(grad_out.dtype)


def _fake_max_backward(grad_out, index, choice, num_rows):
    return grad_out.new_empty(num_rows, grad_out.shape[1])


def _linear_max_forward(feats, weight, index):
    if index.numel() > SHARED_ROWS * len(feats):
        return _max_forward(feats @ weight.t(), index)
    wide, matrix, index = widened(feats), widened(weight).t().contiguous(), _rows(index, len(feats))
    out = wide.new_empty(len(index), len(weight))
    choice = torch.empty_like(out, dtype=torch.int32)
    cpu_runtime.call(
        'linear_max', wide.dtype, pointer(wide), pointer(matrix), pointer(index),
        *_sizes(index, feats.shape[1]), ctypes.c_int64(len(weight)), pointer(out), pointer(choice),
    )  # fmt: skip
    return out.to(feats.dtype), choice


def _fake_linear_max_forward(feats, weight, index):
    return _fake_max_forward(feats.new_empty(feats.shape[0], weight.shape[0]), index)


def _linear_max_backward(grad_out, feats, weight, index, choice):
    wide, wide_feats, wide_weight = widened(grad_out), widened(feats), widened(weight)
    index, choice = _rows(index, len(feats)), choice.contiguous()
    grad_feats, grad_weight = _zero_gradients(wide_feats, wide_weight, index)
    sizes = (*_sizes(index, feats.shape[1]), ctypes.c_int64(weight.shape[0]))
    cpu_runtime.call(
        'linear_max_backward', wide.dtype, pointer(wide), pointer(wide_feats), pointer(wide_weight),
        pointer(index), pointer(choice), *sizes, pointer(grad_feats), pointer(grad_weight),
    )  # fmt: skip
    return grad_feats.to(feats.dtype), grad_weight.to(weight.dtype)


def _zero_gradients(feats, weight, index):
    """Return zeros, but NaN where 0 times what is not finite makes it in the backward pass of the product.

    The kernel walks the maxima alone, that pass all rows that are gathered.
    """
    if torch.isfinite(feats.sum() + weight.sum()):
        return torch.zeros_like(feats), torch.zeros_like(weight)
    used = torch.zeros(len(feats), 1, dtype=torch.bool, device='cpu')
    used[index.flatten()] = True
    grad_feats = torch.where(used, (weight * 0).sum(0), 0)
    grad_weight = torch.where(used, feats * 0, 0).sum(0).expand_as(weight).contiguous()
    return grad_feats, grad_weight


def _fake_linear_max_backward(grad_out, feats, weight, index, choice):
    return feats.new_empty(feats.shape), weight.new_empty(weight.shape)


def _sum_forward(feats, index, weight):
    dtype = weight.dtype
    wide, index, weight = widened(feats), _rows(index, len(feats)), widened(weight)
    out = wide.new_empty(index.shape[0], feats.shape[1])
    sizes = _sizes(index, feats.shape[1])
    cpu_runtime.call(
        'interpolate', wide.dtype, pointer(wide), pointer(index), pointer(weight), *sizes, pointer(out)
    )
    return out.to(dtype)


def _fake_sum_forward(feats, index, weight):
    return weight.new_empty(index.shape[0], feats.shape[1])


def _sum_feats_grad(grad_out, index, weight, num_rows, dtype):
    wide, index, weight = widened(grad_out), _rows(index, num_rows), widened(weight)
    grad = wide.new_zeros(num_rows, wide.shape[1])
    sizes = _sizes(index, wide.shape[1])
    cpu_runtime.call(
        'interpolate_feats_grad', wide.dtype, pointer(wide), pointer(index), pointer(weight), *sizes,
        pointer(grad),
    )  # fmt: skip
    return grad.to(dtype)


def _fake_sum_feats_grad(grad_out, index, weight, num_rows, dtype):
    return grad_out.new_empty(num_rows, grad_out.shape[1], dtype=dtype)


def _sum_weight_grad(grad_out, feats, index):
    wide, wide_feats, index = widened(grad_out), widened(feats), _rows(index, len(feats))
    grad = wide.new_empty(index.shape)
    sizes = _sizes(index, feats.shape[1])
    cpu_runtime.call(
        'interpolate_weight_grad', wide.dtype, pointer(wide), pointer(wide_feats), pointer(index), *sizes,
        pointer(grad),
    )  # fmt: skip
    return grad.to(grad_out.dtype)


def _fake_sum_weight_grad(grad_out, feats, index):
    return grad_out.new_empty(index.shape)


define = registration.define
_gather_max = define(
    'gather_max', '(Tensor feats, Tensor index) -> (Tensor, Tensor)', _max_forward, _fake_max_forward
)
_gather_max_backward = define(
    'gather_max_backward',
    '(Tensor grad_out, Tensor index, Tensor choice, SymInt num_rows) -> Tensor',
    _max_backward,
    _fake_max_backward,
)
_linear_max = define(
    'linear_gather_max',
    '(Tensor feats, Tensor weight, Tensor index) -> (Tensor, Tensor)',
    _linear_max_forward,
    _fake_linear_max_forward,
)
_linear_max_grads = define(
    'linear_gather_max_backward',
    '(Tensor grad_out, Tensor feats, Tensor weight, Tensor index, Tensor choice) -> (Tensor, Tensor)',
    _linear_max_backward,
    _fake_linear_max_backward,
)
_interpolate = define(
    'interpolate', '(Tensor feats, Tensor index, Tensor weight) -> Tensor', _sum_forward, _fake_sum_forward
)
_interpolate_feats_grad = define(
    'interpolate_feats_grad',
    '(Tensor grad_out, Tensor index, Tensor weight, SymInt num_rows, ScalarType dtype) -> Tensor',
    _sum_feats_grad,
    _fake_sum_feats_grad,
)
_interpolate_weight_grad = define(
    'interpolate_weight_grad',
    '(Tensor grad_out, Tensor feats, Tensor index) -> Tensor',
    _sum_weight_grad,
    _fake_sum_weight_grad,
)


def _save_max(ctx, inputs, output):
    feats, index = inputs
    ctx.save_for_backward(index, output[1])
    ctx.num_rows = feats.shape[0]
    ctx.mark_non_differentiable(output[1])


def _differentiate_max(ctx, grad_out, _grad_choice):
    return _gather_max_backward(grad_out, *ctx.saved_tensors, ctx.num_rows), None


def _save_linear_max(ctx, inputs, output):
    ctx.save_for_backward(*inputs, output[1])
    ctx.mark_non_differentiable(output[1])


def _differentiate_linear_max(ctx, grad_out, _grad_choice):
    return *_linear_max_grads(grad_out, *ctx.saved_tensors), None


def _save_sum(ctx, inputs, output):
    """Keep the features for the gradient of the weights alone: those of distances want none."""
    feats, index, weight = inputs
    ctx.save_for_backward(feats if ctx.needs_input_grad[2] else None, index, weight)
    ctx.num_rows, ctx.dtype = feats.shape[0], feats.dtype


def _differentiate_sum(ctx, grad_out):
    feats, index, weight = ctx.saved_tensors
    wants_feats, _, wants_weight = ctx.needs_input_grad
    grad_feats = grad_weight = None
    if wants_feats:
        grad_feats = _interpolate_feats_grad(grad_out, index, weight, ctx.num_rows, ctx.dtype)
    if wants_weight:
        grad_weight = _interpolate_weight_grad(grad_out, feats, index)
    return grad_feats, None, grad_weight


registration.differentiate(_gather_max, _differentiate_max, _save_max)
registration.differentiate(_linear_max, _differentiate_linear_max, _save_linear_max)
registration.differentiate(_interpolate, _differentiate_sum, _save_sum)
