"""Window attention by the CUDA kernels: memory, order of launches, and the CUDA side of the operators."""

from __future__ import annotations

import ctypes
import functools

import torch

from .. import cuda_runtime, registration
from ..cuda_runtime import ELEMENTS
from . import cpu_impl, cuda_shapes  # cpu_impl defines the operators
from .cuda_shapes import FORWARD, KEY_GRAD, QUERY_GRAD
from .cuda_windows import prepared
from .table_rows import size_limit

SOURCE = 'window_attention.cuh'
LOAD_BYTES = 16  # that a thread reads at once
MOST_VOXELS = 2**31 - 1  # positions are int32
MOST_ENTRIES = 2**32 - 1  # of a table, whose places are of 32 bits
MOST_HEADS = 65535  # the second axis of a grid
_reason_by_rows = size_limit(max_rows=65535, max_width=64)
POINTERS = (
    'q k v grad_out out q_table k_table v_table signals order ptr window low high reach clamps items '
    'num_items lse delta result exact grad_q grad_k grad_v partial0 partial1'
).split()
STEPS = ('q_step', 'k_step', 'v_step', 'grad_step')
INTEGERS = ('heads', 'rows', 'keys', 'capacity', 'seen')


def reason_against(q, k, v, q_table, *others) -> str | None:
    """Return why the kernels cannot take tensors, None where they can."""
    limits = dict(voxels=MOST_VOXELS, heads=MOST_HEADS, table_entries=MOST_ENTRIES)
    sizes = dict(voxels=len(q), heads=q.shape[1], table_entries=q_table.numel())
    for name, size in sizes.items():
        if size > limits[name]:
            return f'the CUDA kernels take up to {limits[name]} {name.replace("_", " ")}, got {size}'
    return _reason_by_rows(q, k, v, q_table, *others)


@functools.cache
def _problem_type(axes: int, signal_dtype: torch.dtype):
    """Return the ctypes twin of ``struct Problem``."""
    room = max(axes, 1)
    fields = [(name, ctypes.c_void_p) for name in POINTERS] + [('scale', ctypes.c_double)]
    fields += [(name, ctypes.c_int64) for name in STEPS]
    fields += [(name, ctypes.c_int) for name in INTEGERS]
    fields += [('first', ctypes.c_int * room), ('size', ctypes.c_int * room)]
    signal = ctypes.c_double if signal_dtype == torch.float64 else ctypes.c_float
    fields += [('half', signal * room), ('last', signal * room)]
    return type('Problem', (cuda_runtime.Arguments,), {'_fields_': fields})


@functools.lru_cache(maxsize=1024)
def _layout(kernel, heads: int, width: int, rows: int, real: int, signal_dtype, table_rows, limit: int):
    """Return the shape of blocks, their shared memory in bytes, and the struct without a call's own tensors.

    None and 0 in place of shape and memory where no block fits.
    """
    # Differences within half a table on either side are the rule; others are taken in turns.
    wanted = max(1, sum(min(size, size // 2 + 2) for size in table_rows))
    problem = cuda_shapes.Problem(width, len(table_rows), real, signal_dtype.itemsize, wanted)
    struct = _problem_type(len(table_rows), signal_dtype)(heads=heads, rows=rows)
    shape, shared = cuda_shapes.choose(kernel, heads, problem, limit), 0
    if shape is not None:
        sizes = cuda_shapes.fit(kernel, shape, problem, limit)
        struct.keys, struct.capacity, struct.seen = sizes
        shared = cuda_shapes.shared_bytes(kernel, shape, problem, *sizes)
    first = 0
    for axis, size in enumerate(table_rows):
        struct.first[axis], struct.size[axis] = first, size
        struct.half[axis], struct.last[axis] = size / 2, size - 1
        first += size
    return shape, shared, struct


class Pass:
    """One pass over one problem on one device: its kernel, its sizes, and the struct that the kernel takes.

    Args:
        kernel: Its name.
        q, k, v: (N, H, D) with dense voxels.
        tables: Three of (R, H, D), dense, in the type of sums.
        signals: (N, S), dense.
        table_rows: S integers.
        order, ptr: Windows, dense.
        scale: Factor of the query.

    Raises:
        ValueError: The problem does not fit the kernels or the device.
    """

    def __init__(self, kernel: str, q, k, v, tables, signals, table_rows, order, ptr, scale):
        _, self.heads, width = q.shape
        self.kernel, self.rows = kernel, len(tables[0])
        reason = reason_against(q, k, v, tables[0])
        if reason is not None:
            raise ValueError(reason)
        real, limit = tables[0].element_size(), cuda_runtime.shared_limit(q.device)
        self.shape, self._shared, struct = _layout(
            kernel, self.heads, width, self.rows, real, signals.dtype, table_rows, limit
        )
        if self.shape is None:
            raise ValueError(
                f'the CUDA kernels do not fit the shared memory of {q.device} with head width {width}, '
                f'{len(table_rows)} signal columns and {q.dtype}'
            )
        self.program = cuda_runtime.program(SOURCE, self._definitions(q, tables[0], signals), q.device)
        self._windows = prepared(signals, table_rows, order, ptr, self.shape.lanes)
        self.struct = type(struct).from_buffer_copy(struct)
        self.struct.scale = scale
        self.struct.q_step, self.struct.k_step, self.struct.v_step = (t.stride(0) for t in (q, k, v))
        names = ('q_table', 'k_table', 'v_table')
        self.struct.set_pointers(
            q=q, k=k, v=v, signals=signals, order=order, ptr=ptr, **dict(zip(names, tables))
        )
        self.struct.set_pointers(**vars(self._windows))

    def _definitions(self, q, table, signals) -> tuple[tuple[str, object], ...]:
        shape = self.shape
        return (
            ('SWIN3D_ELEMENT', ELEMENTS[q.dtype]), ('SWIN3D_REAL', ELEMENTS[table.dtype]),
            ('SWIN3D_SIGNAL', ELEMENTS[signals.dtype]), ('SWIN3D_WIDTH', q.shape[2]),
            ('SWIN3D_AXES', signals.shape[1]), ('SWIN3D_LANES', shape.lanes), ('SWIN3D_GROUPS', shape.groups),
            ('SWIN3D_HEADS', shape.heads), ('SWIN3D_BLOCKS', shape.blocks),
            ('SWIN3D_PASS', cuda_shapes.PASSES.index(self.kernel)),
        )  # fmt: skip

    @property
    def blocks(self) -> int:
        """How many blocks take the items of a group of heads: those that run at a time."""
        at_once = self.program.resident_blocks(self.kernel, self.shape.threads, self._shared)
        groups = self.heads // self.shape.heads
        return min(len(self._windows.items), max(1, at_once * self.program.multiprocessors // groups))

    def launch(self) -> None:
        """Launch the kernel."""
        grid = self.blocks, self.heads // self.shape.heads
        self.program.launch(self.kernel, grid, self.shape.threads, self._shared, self.struct)

    def sum_partials(self, partial: torch.Tensor, grad: torch.Tensor) -> None:
        """Launch the sum over blocks of a table gradient; without signals there is none."""
        if not grad.numel():
            return
        arguments = (ctypes.c_void_p(partial.data_ptr()), ctypes.c_void_p(grad.data_ptr()))
        sizes = (ctypes.c_int(partial.shape[0]), ctypes.c_int(self.heads), ctypes.c_int(self.rows))
        self.program.launch('sum_partials', (-(-grad.numel() // 256), 1), 256, 0, *arguments, *sizes)


def _dense_heads(tensor):
    """Return (N, H, D) whose voxels are dense and can be read by fours; they may lie apart, as in a slice."""
    width = tensor.shape[2]
    four = (
        min(LOAD_BYTES, 4 * tensor.element_size()) if width % 4 == 0 else 1
    )  # else they are read one by one
    dense = tensor.stride()[1:] == (width, 1) and tensor.stride(0) * tensor.element_size() % four == 0
    return cuda_runtime.aligned(tensor if dense else tensor.contiguous(), four)


def _dense(inputs, signals, table_rows, order, ptr, scale) -> tuple:
    """Return the arguments of a pass as the kernels read them; they must outlive the launches."""
    q, k, v = (_dense_heads(tensor) for tensor in inputs[:3])
    real = torch.float64 if q.dtype == torch.float64 else torch.float32
    tables = [cuda_runtime.aligned(table.to(real).contiguous(), LOAD_BYTES) for table in inputs[3:]]
    windows = order.contiguous(), ptr.contiguous()
    return q, k, v, tables, signals.contiguous(), tuple(table_rows), *windows, scale


def forward(q, k, v, q_table, k_table, v_table, signals, table_rows, order, ptr, scale, _bfloat16=False):
    """Return the output and the log-sum-exp of the logits, (N, H, D) and (N, H), and what is kept of both.

    The third is the output (N, H, D) in float32 where it is of 16 bits, else empty: the backward pass takes
    differences from its product with the gradient, which rounding to 16 bits would spoil.
    """
    out = torch.empty_like(q, memory_format=torch.contiguous_format)
    real = torch.float64 if q.dtype == torch.float64 else torch.float32
    lse = q.new_empty(q.shape[:2], dtype=real)
    exact = lse.new_empty(q.shape if q.element_size() < 4 else 0)
    if len(q):
        arguments = _dense((q, k, v, q_table, k_table, v_table), signals, table_rows, order, ptr, scale)
        forth = Pass(FORWARD, *arguments)
        forth.struct.set_pointers(result=out, exact=exact, lse=lse)
        forth.launch()
    return out, lse, exact


def backward(
    grad_out, out, lse, q, k, v, q_table, k_table, v_table, signals, table_rows, order, ptr, scale,
    _bfloat16=False,
):  # fmt: skip
    """Return the gradients of q, k and v, slices of one (N, 3, H, D), and of the three tables."""
    tables = (q_table, k_table, v_table)
    voxels, heads, width = q.shape
    if not voxels:
        return tuple(torch.zeros_like(tensor) for tensor in (q, k, v, *tables))
    arguments = _dense((q, k, v, *tables), signals, table_rows, order, ptr, scale)
    queries, keys = (Pass(kernel, *arguments) for kernel in (QUERY_GRAD, KEY_GRAD))
    grad_q, grad_k, grad_v = grads = q.new_empty(voxels, 3, heads, width).unbind(1)
    grad_out, out, lse = _dense_heads(grad_out.contiguous()), out.contiguous(), lse.contiguous()
    delta = torch.empty_like(lse)
    for each in (queries, keys):
        each.struct.set_pointers(grad_out=grad_out, out=out, lse=lse, delta=delta)
        each.struct.set_pointers(grad_q=grad_q, grad_k=grad_k, grad_v=grad_v)
        each.struct.grad_step = grad_q.stride(0)
    table_grads = [lse.new_empty(table.shape) for table in tables]
    partial = lse.new_empty(2, queries.blocks, heads, queries.rows, width)
    queries.struct.set_pointers(partial0=partial[0], partial1=partial[1])
    queries.launch()
    queries.sum_partials(partial[0], table_grads[0])
    queries.sum_partials(partial[1], table_grads[2])
    partial = lse.new_empty(keys.blocks, heads, keys.rows, width)
    keys.struct.set_pointers(partial0=partial)
    keys.launch()
    keys.sum_partials(partial, table_grads[1])
    return (*grads, *(grad.to(table.dtype) for grad, table in zip(table_grads, tables)))


registration.implement('window_attention', forward, 'CUDA')
registration.implement('window_attention_backward', backward, 'CUDA')
window_attention = cpu_impl.window_attention  # the operator takes the kernels of its tensors' device
