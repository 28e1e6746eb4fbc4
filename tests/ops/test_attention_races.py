"""Threads of the CUDA window attention have a barrier between every two accesses that conflict.

Emulated blocks report every access to memory, so that no race depends on timing.
"""

from __future__ import annotations

import ctypes
import platform
import shutil
from pathlib import Path

import pytest
import torch
from swin3d_ops import WindowIndex, cuda_emulation
from swin3d_ops.cpu_library import SOURCE_FOLDER, find_compiler
from swin3d_ops.window_attention import cuda_impl, cuda_shapes

pytestmark = pytest.mark.skipif(
    platform.system() != 'Linux'
    or not any(map(shutil.which, ('c++', 'g++')))
    or 'clang' in Path(find_compiler()).name,
    reason='accesses are reported by code of GCC on Linux',
)
FAULTS = Path(__file__).parents[2] / 'ops' / 'benchmarks' / 'gpu_faults.cuh'
SIX_AXES = (40, 40, 40, 32, 32, 32)
SMALL = cuda_shapes.Shape(32, 8, 1, 1)


def test_the_race_put_there_is_found():
    program = cuda_emulation.emulated_program(str(FAULTS), (), races=True)
    target = torch.zeros(64, dtype=torch.int32)
    with pytest.raises(RuntimeError, match='fault_race, data race: shared memory, block 0, thread 32 .* 31 '):
        program.launch('fault_race', (1, 1), 64, 256, ctypes.c_void_p(target.data_ptr()), ctypes.c_int(64))


def test_blocks_that_write_to_one_place_race():
    program = cuda_emulation.emulated_program(str(FAULTS), (), races=True)
    target = torch.zeros(513, dtype=torch.int32)
    arguments = ctypes.c_void_p(target.data_ptr()), ctypes.c_int(64)
    program.launch('fault_past_the_end', (1, 1), 64, 0, *arguments)
    with pytest.raises(RuntimeError, match='global memory, block 1, thread 0 .* and block 0 '):
        program.launch('fault_past_the_end', (2, 1), 64, 0, *arguments)


@pytest.fixture
def watched_gpu(emulated_gpu, monkeypatch):
    monkeypatch.setattr(cuda_emulation.EmulatedProgram, 'multiprocessors', 1)  # several items a block
    emulated_gpu.races, emulated_gpu.shared_limit = True, cuda_shapes.MOST_SHARED
    return emulated_gpu


@pytest.fixture
def use(monkeypatch):
    """Give blocks a shape, and at most so many stored rows and keys."""

    def choose(shape, rows=1 << 16, keys=64):
        fit = cuda_shapes.fit

        def smaller(*arguments):
            fitting_keys, capacity, seen = fit(*arguments)
            return min(fitting_keys, keys), min(capacity, rows), seen

        monkeypatch.setattr(cuda_shapes, 'fit', smaller)
        monkeypatch.setattr(cuda_shapes, 'FEWEST_STORED_ROWS', min(rows, 24))
        monkeypatch.setattr(cuda_shapes, 'shapes_for', lambda kernel, heads, width: (shape,))
        monkeypatch.setattr(cuda_impl, '_layout', cuda_impl._layout.__wrapped__)

    return choose


def run(problem, dtype=torch.float32, sizes=(40, 10, 5)):
    """Run all passes on windows of so many voxels."""
    ptr = torch.tensor([0, *sizes]).cumsum(0)
    order = torch.randperm(len(problem.signals), generator=torch.Generator().manual_seed(1))
    assert len(order) == sum(sizes)
    problem.windows = WindowIndex(order=order, ptr=ptr, cell=torch.zeros(len(order), 3, dtype=torch.int64))
    inputs = [tensor.to(dtype) for tensor in problem.inputs]
    structure = (problem.signals, problem.table_rows, problem.windows.order, problem.windows.ptr, 0.3)
    out, lse, exact = cuda_impl.forward(*inputs, *structure)
    kept = exact if exact.numel() else out
    return [out, *cuda_impl.backward(problem.grad_out.to(dtype), kept, lse, *inputs, *structure)]


@pytest.mark.slow
@pytest.mark.parametrize('shape', (cuda_shapes.PAIRED_SHAPE, *cuda_shapes.SMALL_SHAPES), ids=str)
@pytest.mark.parametrize('spread', [1, 1e3], ids=['inside of the tables', 'outside'])
def test_blocks_of_every_shape(watched_gpu, attention, use, shape, spread):
    use(shape)
    problem = attention(170, 2, 8, SIX_AXES, dtype=torch.float32)
    problem.signals[100:] *= spread
    run(problem, sizes=(63, 1, 2, 70, 30, 4))


@pytest.mark.slow
@pytest.mark.parametrize('rows, keys', [(7, 64), (65536, 8), (5, 8)])
def test_rows_and_keys_in_turns(watched_gpu, attention, use, rows, keys):
    use(SMALL, rows, keys)
    run(attention(55, 1, 8, (12, 9), dtype=torch.float32))


@pytest.mark.slow
def test_vectors_that_are_not_finite(watched_gpu, attention, use):
    use(SMALL, keys=8)
    problem = attention(55, 1, 8, (12, 9), dtype=torch.float32)
    problem.inputs[0][0, 0, 0] = problem.inputs[2][3, 0, 1] = float('inf')
    run(problem)


@pytest.mark.slow
@pytest.mark.parametrize(
    'heads, width, table_rows, dtype',
    [
        (3, 12, (5, 3, 200), torch.float32),
        (1, 5, (9,), torch.float32),
        (2, 8, (), torch.float32),
        (1, 64, (40, 40, 40), torch.float32),
        (2, 8, (12, 9), torch.float64),
        (2, 8, (12, 9), torch.float16),
    ],
)
def test_widths_axes_and_types(watched_gpu, attention, heads, width, table_rows, dtype):
    wide = torch.float64 if dtype == torch.float64 else torch.float32
    run(attention(55, heads, width, table_rows, dtype=wide), dtype)


BEFORE_BARRIERS = {
    'projections, then pairs': 'this->project_keys(to - from, stride, lo, hi);',
    'pairs, then sums': 'look_up<false>(from, to, stride, lo, hi);\n            }',
    'zeros, then sums': 'PHASE(t) { this->forget(m.frame->keys, t); }',
    'sums, then the next turn': 'this->add_table_gradients(lo, hi);',
}


@pytest.mark.slow
@pytest.mark.parametrize('before', BEFORE_BARRIERS.values(), ids=BEFORE_BARRIERS)
def test_a_barrier_that_is_missing_is_found(watched_gpu, attention, use, monkeypatch, tmp_path, before):
    text = (SOURCE_FOLDER / cuda_impl.SOURCE).read_text()
    head, tail = text.split(before)
    assert tail.lstrip().startswith('SYNC;')
    faulty = tmp_path / cuda_impl.SOURCE
    faulty.write_text(head + before + tail.replace('SYNC;', '', 1))
    monkeypatch.setattr(cuda_impl, 'SOURCE', str(faulty))
    use(SMALL, keys=16)
    with pytest.raises(RuntimeError, match='attend_.*, data race: shared memory'):
        run(attention(55, 1, 8, (12, 9), dtype=torch.float32))
