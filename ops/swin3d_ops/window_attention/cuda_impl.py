"""Window attention by the CUDA kernels: memory, order of launches, and the CUDA side of the operators."""

from __future__ import annotations

import ctypes
import functools

import torch

from .. import cuda_runtime, registration
from ..cuda_runtime import ELEMENTS
from . import cpu_impl  # defines the operators
from .table_rows import size_limit

SOURCE = 'window_attention.cuh'
reason_against = size_limit(max_rows=65535, max_width=64)
WARP = 32
TILE = 16  # kTile
BLOCKS_PER_MULTIPROCESSOR = 4  # persistent blocks of the backward passes
SHARED_TARGET = 72 * 1024  # bytes; several blocks then share a multiprocessor
FEWEST_STORED_ROWS = 24
FORWARD, QUERY_GRAD, KEY_GRAD = 'attend_forward', 'attend_query_grad', 'attend_key_grad'
POINTERS = (
    'q k v grad_out q_table k_table v_table signals order ptr window low high reach lse delta '
    'out grad_q grad_k grad_v partial0 partial1'
).split()
STEPS = ('q_step', 'k_step', 'v_step')
INTEGERS = ('voxels', 'windows', 'heads', 'rows', 'tiles', 'capacity')


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
    return type('Problem', (ctypes.Structure,), {'_fields_': fields})


def shared_bytes(
    kernel: str, lanes: int, capacity: int, width: int, axes: int, real: int, signal: int
) -> int:
    """Return the shared memory of a block, the twin of ``divide``; ``real`` and ``signal`` are in bytes."""
    sides = 1 if kernel == FORWARD else 2
    axis_stride, width_stride = fours(max(axes, 1)), fours(width)
    stored = [capacity * lanes] * (2 if kernel == QUERY_GRAD else 1)
    seen = [TILE * (capacity | 1)] * (2 if kernel == KEY_GRAD else 1)
    reals = stored + seen + [lanes * lanes, width * lanes, TILE * width_stride] * sides
    reals += [TILE] * (2 if kernel == KEY_GRAD else 0)
    integers = [axes * lanes, TILE * axis_stride, 5 + 5 * max(axes, 1) + 2]
    sizes = [TILE * axis_stride * signal, *(real * count for count in reals), *(4 * n for n in integers)]
    return sum(-(-size // 16) * 16 for size in sizes)


def fours(count: int) -> int:
    """Return the multiple of four that holds ``count``."""
    return -(-count // 4) * 4


class Plan:
    """One problem on one device: compiled kernels, sizes, and the struct that the kernels take."""

    def __init__(self, q, q_table, signals, table_rows, ptr):
        self.voxels, self.heads, self.width = q.shape
        self.axes, self.rows = len(table_rows), q_table.shape[0]
        reason = reason_against(q, q, q, q_table)
        if reason is not None:
            raise ValueError(reason)
        self.real = torch.float64 if q.dtype == torch.float64 else torch.float32
        self.signal_bytes = signals.element_size()
        self.windows = ptr.shape[0] - 1
        # Differences within half a table on either side are the rule; others are taken in turns.
        self.wanted = max(1, sum(min(rows, rows // 2 + 2) for rows in table_rows))
        self.program, self.lanes = self._program(q.device, q.dtype, signals.dtype)
        self.tiles = -(-self.voxels // self.lanes)
        self.struct = _problem_type(self.axes, signals.dtype)(
            voxels=self.voxels, windows=self.windows, heads=self.heads, rows=self.rows, tiles=self.tiles
        )
        first = 0
        for axis, rows in enumerate(table_rows):
            self.struct.first[axis], self.struct.size[axis] = first, rows
            self.struct.half[axis], self.struct.last[axis] = rows / 2, rows - 1
            first += rows

    def _program(self, device, dtype, signal_dtype):
        """Return the kernels with 64 lanes a block, or 32 where so many leave too little memory."""
        for lanes in (64, 32):
            definitions = (
                ('SWIN3D_ELEMENT', ELEMENTS[dtype]), ('SWIN3D_REAL', ELEMENTS[self.real]),
                ('SWIN3D_SIGNAL', ELEMENTS[signal_dtype]), ('SWIN3D_WIDTH', self.width),
                ('SWIN3D_AXES', self.axes), ('SWIN3D_LANES', lanes),
            )  # fmt: skip
            fitting = self._capacity(QUERY_GRAD, lanes, cuda_runtime.shared_limit(device))
            if fitting >= min(FEWEST_STORED_ROWS, self.wanted):
                return cuda_runtime.program(SOURCE, definitions, device), lanes
        raise ValueError(
            f'the CUDA kernels do not fit the shared memory of {device} with head width {self.width}, '
            f'{self.axes} signal columns and {dtype}'
        )

    def _bytes(self, kernel: str, lanes: int, capacity: int) -> int:
        real = 8 if self.real == torch.float64 else 4
        return shared_bytes(kernel, lanes, capacity, self.width, self.axes, real, self.signal_bytes)

    def _capacity(self, kernel: str, lanes: int, limit: int) -> int:
        """Return how many stored rows a block keeps, at most those it can need."""
        fewest = min(FEWEST_STORED_ROWS, self.wanted)
        target = min(limit, max(SHARED_TARGET, self._bytes(kernel, lanes, fewest)))
        capacity = self.wanted
        while capacity > 0 and self._bytes(kernel, lanes, capacity) > target:
            capacity -= 1
        return capacity

    def set_pointers(self, **tensors: torch.Tensor) -> None:
        """Set pointers of the struct."""
        for name, tensor in tensors.items():
            setattr(self.struct, name, tensor.data_ptr())

    def find_ranges(self, signals) -> tuple[torch.Tensor, ...]:
        """Launch the kernel that prepares the windows; return what must outlive the other launches."""
        window = torch.empty(self.voxels, dtype=torch.int32, device=signals.device)
        low, high = signals.new_empty(2, self.windows, self.axes)
        reach = torch.empty(self.windows, self.axes, dtype=torch.int32, device=signals.device)
        self.set_pointers(window=window, low=low, high=high, reach=reach)
        shared = 2 * WARP * self.signal_bytes + 4 * max(self.axes, 2)
        self.program.launch('window_ranges', (self.windows, 1), WARP, shared, self.struct)
        return window, low, high, reach

    def attend(self, kernel: str, blocks: int) -> None:
        """Launch one of the three passes."""
        capacity = self._capacity(kernel, self.lanes, self.program.shared_limit)
        self.struct.capacity = capacity
        shared = self._bytes(kernel, self.lanes, capacity)
        self.program.launch(kernel, (blocks, self.heads), self.lanes, shared, self.struct)

    def sum_partials(self, partial: torch.Tensor, grad: torch.Tensor) -> None:
        """Launch the sum over blocks of a table gradient; without signals there is none."""
        if not grad.numel():
            return
        arguments = (ctypes.c_void_p(partial.data_ptr()), ctypes.c_void_p(grad.data_ptr()))
        sizes = (ctypes.c_int(partial.shape[0]), ctypes.c_int(self.heads), ctypes.c_int(self.rows))
        self.program.launch('sum_partials', (-(-grad.numel() // 256), 1), 256, 0, *arguments, *sizes)


def _dense_heads(tensor):
    """Return (N, H, D) with dense voxels; these may lie apart, as those of a slice of one projection do."""
    return tensor if tensor.stride()[1:] == (tensor.shape[2], 1) else tensor.contiguous()


def _planned(inputs, signals, table_rows, order, ptr, scale):
    """Return the plan with its inputs set, and the tensors that must outlive the launches."""
    q, k, v = (_dense_heads(tensor) for tensor in inputs[:3])
    tables = inputs[3:]
    signals, order, ptr = signals.contiguous(), order.contiguous(), ptr.contiguous()
    plan = Plan(q, tables[0], signals, table_rows, ptr)
    tables = [table.permute(1, 2, 0).to(plan.real).contiguous() for table in tables]
    plan.set_pointers(q=q, k=k, v=v, signals=signals, order=order, ptr=ptr)
    plan.set_pointers(q_table=tables[0], k_table=tables[1], v_table=tables[2])
    plan.struct.scale = scale
    plan.struct.q_step, plan.struct.k_step, plan.struct.v_step = (t.stride(0) for t in (q, k, v))
    return plan, (q, k, v, tables, signals, order, ptr, plan.find_ranges(signals))


def forward(q, k, v, q_table, k_table, v_table, signals, table_rows, order, ptr, scale):
    """Return the output and the log-sum-exp of the logits, (N, H, D) and (N, H)."""
    out = torch.empty_like(q, memory_format=torch.contiguous_format)
    real = torch.float64 if q.dtype == torch.float64 else torch.float32
    lse = q.new_empty(q.shape[:2], dtype=real)
    if len(q):
        inputs = (q, k, v, q_table, k_table, v_table)
        plan, _alive = _planned(inputs, signals, table_rows, order, ptr, scale)
        plan.set_pointers(out=out, lse=lse)
        plan.attend(FORWARD, plan.tiles)
    return out, lse


def backward(grad_out, lse, q, k, v, q_table, k_table, v_table, signals, table_rows, order, ptr, scale):
    """Return the gradients of q, k, v and the three tables, each in the dtype of its tensor."""
    inputs = (q, k, v, q_table, k_table, v_table)
    if not len(q):
        return tuple(torch.zeros_like(tensor) for tensor in inputs)
    grads = [torch.empty_like(tensor, memory_format=torch.contiguous_format) for tensor in inputs[:3]]
    grads += [lse.new_empty(table.shape) for table in inputs[3:]]  # sums stay wide until the last
    plan, _alive = _planned(inputs, signals, table_rows, order, ptr, scale)
    grad_out, lse = grad_out.contiguous(), lse.contiguous()
    blocks = -(-BLOCKS_PER_MULTIPROCESSOR * plan.program.multiprocessors // plan.heads)
    blocks = min(plan.tiles, blocks)
    partial = lse.new_empty(2, blocks, plan.heads, plan.rows, plan.width)
    delta = torch.empty_like(lse)
    plan.set_pointers(grad_out=grad_out, lse=lse, delta=delta, partial0=partial[0], partial1=partial[1])
    plan.set_pointers(grad_q=grads[0], grad_k=grads[1], grad_v=grads[2])
    plan.attend(QUERY_GRAD, blocks)
    plan.sum_partials(partial[0], grads[3])
    plan.sum_partials(partial[1], grads[5])
    plan.attend(KEY_GRAD, blocks)
    plan.sum_partials(partial[0], grads[4])
    return tuple(grad.to(tensor.dtype) for grad, tensor in zip(grads, inputs))


registration.implement('window_attention', forward, 'CUDA')
registration.implement('window_attention_backward', backward, 'CUDA')
window_attention = cpu_impl.window_attention  # the operator takes the kernels of its tensors' device
