"""Sparse convolution by the CPU kernels, as an operator of torch."""

from __future__ import annotations

import ctypes

import torch

from .. import cpu_runtime, registration
from ..cpu_library import RowsRefusedError
from ..cpu_runtime import pointer, widened
from .kernel_map import KernelMap


def sparse_conv(feats: torch.Tensor, weight: torch.Tensor, kernel_map: KernelMap) -> torch.Tensor:
    """Compute out[m] = sum over pairs (k, n) of m of feats[n] @ weight[k]."""
    source, target = kernel_map.source, kernel_map.target
    back_source, back_target = target, source
    if feats.requires_grad and torch.is_grad_enabled():  # the gradient of feats alone needs their order
        back = kernel_map.exchanged
        back.check()
        back_source, back_target = back.source, back.target
    rows = source, target, back_source, back_target, kernel_map.ptr
    return _sparse_conv(feats, weight, *rows, kernel_map.num_targets)


def _call(name, left, right, source, target, ptr, sizes, num_sources, num_targets, *rest):
    """Call a kernel of (K, C, E) = ``sizes``, which looks at the pairs as it goes."""
    source, target, ptr = source.contiguous(), target.contiguous(), ptr.contiguous()
    offsets, channels, columns = sizes
    numbers = (offsets, len(source), num_sources, channels, columns, num_targets)
    try:
        cpu_runtime.call(
            name, left.dtype, *(pointer(tensor) for tensor in (left, right, source, target, ptr)),
            *(ctypes.c_int64(number) for number in numbers), *rest,
        )  # fmt: skip
    except RowsRefusedError as error:
        raise ValueError(
            f'kernel_map must have a ptr that ascends from 0 to {len(source)}, and under each offset '
            f'sources in [0, {num_sources}) and targets in [0, {num_targets}) that do not descend'
        ) from error


def _forward(feats, weight, source, target, back_source, back_target, ptr, num_targets):
    # the gradient of feats has the weights as a transposed view, which is read where it lies
    flipped = weight.transpose(1, 2)
    transposed = flipped.is_contiguous() and not weight.is_contiguous()
    wide, wide_weight = widened(feats), widened(flipped if transposed else weight)
    out = wide.new_empty(num_targets, weight.shape[2])
    numbers = source, target, ptr, weight.shape, len(feats), num_targets
    _call('sparse_conv', wide, wide_weight, *numbers, ctypes.c_int(transposed), pointer(out))
    return out.to(feats.dtype)


def _fake_forward(feats, weight, source, target, back_source, back_target, ptr, num_targets):
    return feats.new_empty(num_targets, weight.shape[2])


def _weight_grad(feats, grad_out, source, target, ptr):
    wide, wide_grad = widened(feats), widened(grad_out)
    sizes = len(ptr) - 1, feats.shape[1], grad_out.shape[1]
    grad = wide.new_empty(sizes)
    numbers = source, target, ptr, sizes, len(feats), len(grad_out)
    _call('sparse_conv_weight_grad', wide, wide_grad, *numbers, pointer(grad))
    return grad


def _fake_weight_grad(feats, grad_out, source, target, ptr):
    wide = torch.promote_types(feats.dtype, torch.float32)
    return feats.new_empty(len(ptr) - 1, feats.shape[1], grad_out.shape[1], dtype=wide)


_sparse_conv = registration.define(
    'sparse_conv',
    '(Tensor feats, Tensor weight, Tensor source, Tensor target, Tensor back_source, Tensor back_target, '
    'Tensor ptr, SymInt num_targets) -> Tensor',
    _forward,
    _fake_forward,
)
_sparse_conv_weight_grad = registration.define(
    'sparse_conv_weight_grad',
    '(Tensor feats, Tensor grad_out, Tensor source, Tensor target, Tensor ptr) -> Tensor',
    _weight_grad,
    _fake_weight_grad,
)


def _save(ctx, inputs, output):
    *tensors, _ = inputs
    ctx.save_for_backward(*tensors)
    ctx.num_sources = inputs[0].shape[0]


def _differentiate(ctx, grad_out):
    feats, weight, source, target, back_source, back_target, ptr = ctx.saved_tensors
    grad_feats = grad_weight = None
    if ctx.needs_input_grad[0]:
        grad_feats = _sparse_conv(
            grad_out, weight.transpose(1, 2), back_source, back_target, source, target, ptr, ctx.num_sources,
        )  # fmt: skip
    if ctx.needs_input_grad[1]:
        grad_weight = _sparse_conv_weight_grad(feats, grad_out, source, target, ptr).to(weight.dtype)
    return grad_feats, grad_weight, *[None] * 6


registration.differentiate(_sparse_conv, _differentiate, _save)
