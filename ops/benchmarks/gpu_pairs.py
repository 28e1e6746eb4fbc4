"""The baseline of the GPU benchmark: a thread per pair and channel, global atomics (see gpu_pairs.cuh)."""

from __future__ import annotations

import ctypes
from pathlib import Path

import torch
from explicit_pairs import list_pairs
from swin3d_ops import cuda_runtime

SOURCE = str(Path(__file__).with_suffix('.cuh'))
THREADS = 256  # kThreads
INPUTS = ('q', 'k', 'v', 'grad_out', 'q_table', 'k_table', 'v_table', 'signals', 'query', 'key')
PAIRS = ('logit', 'slope')
QUERIES = ('most', 'total', 'delta')
RESULTS = ('out', 'grad_q', 'grad_k', 'grad_v', 'grad_q_table', 'grad_k_table', 'grad_v_table')
FORWARD = (('pair_logits', True), ('pair_most', False), ('pair_weights', False), ('pair_outputs', True))
BACKWARD = (('pair_value_grads', True), ('pair_deltas', False), ('pair_query_key_grads', True))


def definitions(width: int, axes: int) -> tuple[tuple[str, object], ...]:
    """Return the macros of the kernels."""
    types = tuple((f'SWIN3D_{name}', 'float') for name in ('ELEMENT', 'REAL', 'SIGNAL'))
    return (*types, ('SWIN3D_WIDTH', width), ('SWIN3D_AXES', axes))


class PairAttention:
    """Window attention of one problem, float32: `forward()`, then `backward(grad_out)`.

    Takes the arguments of ``window_attention``; pairs are listed once and not part of a timing.
    """

    def __init__(self, q, k, v, q_table, k_table, v_table, signals, table_rows, windows):
        self.heads, self.width = q.shape[1:]
        self.program = cuda_runtime.program(SOURCE, definitions(self.width, len(table_rows)), q.device)
        query, key = list_pairs(windows)
        inputs = (q, k, v, q, q_table, k_table, v_table, signals, query, key)
        self.tensors = {name: tensor.detach().contiguous() for name, tensor in zip(INPUTS, inputs)}
        self.pairs = len(query)
        self.struct = self._struct_type(len(table_rows))(
            pairs=self.pairs, scale=self.width**-0.5, heads=self.heads
        )
        first = 0
        for axis, rows in enumerate(table_rows):
            self.struct.first[axis], self.struct.size[axis] = first, rows
            first += rows

    @staticmethod
    def _struct_type(axes: int):
        fields = [(name, ctypes.c_void_p) for name in (*INPUTS, *PAIRS, *QUERIES, *RESULTS)]
        fields += [('pairs', ctypes.c_int64), ('scale', ctypes.c_double), ('heads', ctypes.c_int)]
        fields += [(name, ctypes.c_int * max(axes, 1)) for name in ('first', 'size')]
        return type('Pairs', (ctypes.Structure,), {'_fields_': fields})

    def _zeros(self, *names: str) -> None:
        q, table = self.tensors['q'], self.tensors['q_table']
        for name in names:
            if name in PAIRS:
                self.tensors[name] = q.new_zeros(self.pairs, self.heads)
            elif name in QUERIES:
                self.tensors[name] = q.new_zeros(q.shape[:2])
            else:
                self.tensors[name] = torch.zeros_like(table if name.endswith('table') else q)

    def _launch(self, kernels) -> None:
        for name, tensor in self.tensors.items():
            setattr(self.struct, name, tensor.data_ptr())
        for kernel, per_channel in kernels:
            work = self.pairs * self.heads * (self.width if per_channel else 1)
            self.program.launch(kernel, (-(-work // THREADS), 1), THREADS, 0, self.struct)

    def forward(self) -> torch.Tensor:
        """Return the output, (N, H, D)."""
        self._zeros('logit', 'total', 'out', 'most')
        self.tensors['most'] -= 1e30
        self._launch(FORWARD)
        return self.tensors['out']

    def backward(self, grad_out: torch.Tensor) -> list[torch.Tensor]:
        """Return the gradients of q, k, v and the three tables."""
        self.tensors['grad_out'] = grad_out.contiguous()
        self._zeros('slope', 'delta', *RESULTS[1:])
        self._launch(BACKWARD)
        return [self.tensors[name] for name in RESULTS[1:]]
