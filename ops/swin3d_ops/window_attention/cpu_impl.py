"""Window attention by the fused CPU kernels, as operators of torch."""

from __future__ import annotations

import ctypes

import torch

from .. import cpu_runtime, registration
from ..precision import kernels_round
from ..window_index import check_partition
from .table_rows import size_limit

reason_against = size_limit(max_rows=4095, max_width=64)
EXACT_WIDTH = 8  # up to which products in bfloat16 are no faster: they are short beside the look-ups


def window_attention(
    q, k, v, q_table, k_table, v_table, signals, table_rows, order, ptr, scale, product_dtype
) -> torch.Tensor:
    """Compute window attention; see the front door for the arguments."""
    bfloat16 = kernels_round(q, product_dtype) and q.shape[2] > EXACT_WIDTH
    return _attend(
        q, k, v, q_table, k_table, v_table, signals, table_rows, order, ptr, scale, bfloat16
    )[0]  # fmt: skip


def _token_major(tensor):
    """Return the tensor in a kernel's dtype with dense tokens; they may lie apart, as those of a view do."""
    dense = tensor.stride()[1:] == (tensor.shape[2], 1)
    return tensor if dense and tensor.dtype in cpu_runtime.SUFFIX else cpu_runtime.widened(tensor)


def _inputs(*tensors):
    return [_token_major(t) for t in tensors[:3]] + [cpu_runtime.widened(t) for t in tensors[3:]]


def _arguments(inputs, signals, table_rows, order, ptr, scale):
    """Return the leading C arguments and the tensors that must outlive the call."""
    num_voxels, heads, width = inputs[0].shape
    rows = inputs[3].shape[0]
    reason = reason_against(*inputs)
    if reason is not None:
        raise ValueError(reason)
    check_partition(order, ptr)  # whoever wrote into them, and by whatever way: the kernels trust them
    signals, order, ptr = signals.contiguous(), order.contiguous(), ptr.contiguous()
    sizes = (num_voxels, heads, width, rows, len(table_rows), ptr.shape[0] - 1)
    arguments = (
        cpu_runtime.pointers(*inputs),
        cpu_runtime.integers([t.stride(0) for t in inputs[:3]]),
        cpu_runtime.pointer(signals),
        ctypes.c_int(signals.dtype == torch.float64),
        cpu_runtime.integers(table_rows),
        cpu_runtime.pointer(order),
        cpu_runtime.pointer(ptr),
        cpu_runtime.integers(sizes),
        ctypes.c_double(scale),
    )
    return arguments, (signals, order, ptr)


def _kernel(name, bfloat16):
    return f'{name}_bfloat16' if bfloat16 else name


def _forward(q, k, v, q_table, k_table, v_table, signals, table_rows, order, ptr, scale, bfloat16):
    dtype = q.dtype
    inputs = _inputs(q, k, v, q_table, k_table, v_table)
    arguments, _alive = _arguments(inputs, signals, table_rows, order, ptr, scale)
    out = inputs[0].new_empty(q.shape)
    lse = inputs[0].new_empty(q.shape[:2])
    cpu_runtime.call(
        _kernel('window_attention_forward', bfloat16), out.dtype, *arguments, cpu_runtime.pointer(out),
        cpu_runtime.pointer(lse),
    )  # fmt: skip
    return out.to(dtype), lse, lse.new_empty(0)


def _fake_forward(q, k, v, q_table, k_table, v_table, signals, table_rows, order, ptr, scale, bfloat16):
    wide = torch.float64 if q.dtype == torch.float64 else torch.float32
    exact = q.device.type == 'cuda' and q.element_size() < 4
    kept = q.new_empty(q.shape if exact else 0, dtype=wide)
    return q.new_empty(q.shape), q.new_empty(q.shape[:2], dtype=wide), kept


def _backward(
    grad_out, _out, lse, q, k, v, q_table, k_table, v_table, signals, table_rows, order, ptr, scale, bfloat16
):  # fmt: skip
    tensors = q, k, v, q_table, k_table, v_table
    inputs = _inputs(*tensors)
    arguments, _alive = _arguments(inputs, signals, table_rows, order, ptr, scale)
    grad_out, lse = cpu_runtime.widened(grad_out), lse.contiguous()
    grads = [t.new_empty(t.shape) for t in inputs]
    cpu_runtime.call(
        _kernel('window_attention_backward', bfloat16), inputs[0].dtype, *arguments,
        cpu_runtime.pointer(grad_out), cpu_runtime.pointer(lse), cpu_runtime.pointers(*grads),
    )  # fmt: skip
    return tuple(grad.to(tensor.dtype) for grad, tensor in zip(grads, tensors))


def _fake_backward(
    grad_out, _out, lse, q, k, v, q_table, k_table, v_table, signals, table_rows, order, ptr, scale, bfloat16
):  # fmt: skip
    if q.device.type == 'cuda':  # laid out as by the kernels
        grads = q.new_empty(len(q), 3, *q.shape[1:]).unbind(1)
    else:
        grads = [t.new_empty(t.shape) for t in (q, k, v)]
    return (*grads, *(t.new_empty(t.shape) for t in (q_table, k_table, v_table)))


_SHARED = (
    'Tensor q, Tensor k, Tensor v, Tensor q_table, Tensor k_table, Tensor v_table, '
    'Tensor signals, int[] table_rows, Tensor order, Tensor ptr, float scale, bool bfloat16'
)
_attend = registration.define(
    'window_attention', f'({_SHARED}) -> (Tensor, Tensor, Tensor)', _forward, _fake_forward
)
_attend_backward = registration.define(
    'window_attention_backward',
    f'(Tensor grad_out, Tensor out, Tensor lse, {_SHARED}) -> ({", ".join(["Tensor"] * 6)})',
    _backward,
    _fake_backward,
)


def _save(ctx, inputs, output):
    *tensors, table_rows, order, ptr, scale, bfloat16 = inputs
    out, lse, exact = output
    ctx.save_for_backward(*tensors, order, ptr, exact if exact.numel() else out, lse)
    ctx.structure = table_rows, scale, bfloat16
    ctx.mark_non_differentiable(lse, exact)
    ctx.set_materialize_grads(False)


def _differentiate(ctx, grad_out, _grad_lse, _grad_exact):
    if grad_out is None:
        return (None,) * 12
    *tensors, order, ptr, out, lse = ctx.saved_tensors
    table_rows, scale, bfloat16 = ctx.structure
    grads = _attend_backward(grad_out, out, lse, *tensors, table_rows, order, ptr, scale, bfloat16)
    return *grads, None, None, None, None, None, None


registration.differentiate(_attend, _differentiate, _save)
