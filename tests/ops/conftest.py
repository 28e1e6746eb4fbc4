"""Inputs and back-ends shared by the tests of the ops."""

from __future__ import annotations

import importlib
from pathlib import Path

import numpy as np
import pytest
import swin3d_ops
import torch
from kernels_on_cpu import rule_of_gpus
from swin3d_ops import cpu_library, cpu_runtime, cuda_emulation, cuda_runtime
from swin3d_ops.op import declared

GOLDEN = Path(__file__).parents[1] / 'data' / 'golden'
BENCHMARKS = Path(__file__).parents[2] / 'ops' / 'benchmarks'


def backend_parameters(op):
    """Back-ends to hold against the reference; one that cannot run is skipped with its reason."""
    parameters = []
    for name, reason in swin3d_ops.available_backends(op).items():
        if name not in ('reference', 'cuda'):
            skip = pytest.mark.skipif(reason is not None, reason=str(reason))
            parameters.append(pytest.param(name, marks=skip))
    return parameters


def pytest_generate_tests(metafunc):
    for op in declared():
        if f'{op}_backend' in metafunc.fixturenames:
            metafunc.parametrize(f'{op}_backend', backend_parameters(op))


@pytest.fixture
def use_isa(monkeypatch):
    """Run the kernels of a named instruction set; skip where they cannot run."""

    def use(isa):
        try:
            library = cpu_library.CpuLibrary(cpu_library.find_or_compile(), isa=isa)
        except cpu_library.KernelsUnavailableError as error:
            pytest.skip(str(error))
        monkeypatch.setattr(cpu_runtime, 'library', lambda: library)

    return use


@pytest.fixture(params=list(cpu_library.ISA_FLAGS))
def isa(request, use_isa):
    """Run the kernels of every instruction set that this processor has."""
    use_isa(request.param)
    return request.param


@pytest.fixture(params=['torch', *cpu_library.ISA_FLAGS])
def host_backend(request, use_isa):
    """Name of a back-end for tensors on the CPU: 'torch', and 'cpu' in the build of every instruction set."""
    if request.param == 'torch':
        return 'torch'
    use_isa(request.param)
    return 'cpu'


@pytest.fixture
def golden():
    """Load a golden file by its stem."""
    return lambda stem: dict(np.load(GOLDEN / f'{stem}.npz'))


class Attention:
    """A random window-attention problem: two batch items of scattered voxels."""

    def __init__(
        self, num_voxels, heads=2, width=8, table_rows=(40, 40, 40, 32, 32, 32), window_size=5,
        shift=2, dtype=torch.float64, seed=0, extent=12,
    ):  # fmt: skip
        generator = torch.Generator().manual_seed(seed)

        def draw(*shape, spread=1.0):
            return (torch.randn(*shape, generator=generator, dtype=torch.float64) * spread).to(dtype)

        coords = torch.randint(-extent, extent, (3 * num_voxels + 4, 4), generator=generator)
        coords[:, 0] %= 2
        coords = torch.unique(coords, dim=0)
        coords = coords[torch.randperm(len(coords), generator=generator)[:num_voxels]]
        self.coords = coords[coords[:, 0].sort(stable=True).indices]
        self.windows = swin3d_ops.partition_windows(self.coords, window_size, shift)
        self.table_rows = tuple(table_rows)
        rows = sum(table_rows)
        self.inputs = [draw(len(coords), heads, width) for _ in range(3)]
        self.inputs += [draw(rows, heads, width, spread=0.3) for _ in range(3)]
        spread = torch.tensor(self.table_rows, dtype=torch.float64) / 4
        signals = torch.rand(len(coords), len(table_rows), generator=generator).double() * 2 - 1
        self.signals = (signals * spread).to(torch.float32 if dtype != torch.float64 else dtype)
        self.grad_out = draw(len(coords), heads, width)

    def run(self, backend, inputs=None, windows=None, signals=None, scale=None):
        return swin3d_ops.window_attention(
            *(self.inputs if inputs is None else inputs),
            self.signals if signals is None else signals,
            self.table_rows,
            self.windows if windows is None else windows,
            scale=scale,
            backend=backend,
        )

    def run_with_gradients(self, backend, dtype=None):
        """Return the output and the gradients of q, k, v and the three tables."""
        dtype = dtype or self.inputs[0].dtype
        inputs = [t.to(dtype).requires_grad_() for t in self.inputs]
        out = self.run(backend, inputs)
        grads = torch.autograd.grad(out, inputs, self.grad_out.to(dtype), materialize_grads=True)
        return [out.detach(), *grads]


@pytest.fixture
def attention():
    """Build a random window-attention problem."""
    return Attention


@pytest.fixture
def one_window():
    """Put n voxels into a single window."""

    def build(n):
        return swin3d_ops.WindowIndex(
            order=torch.arange(n), ptr=torch.tensor([0, n]), cell=torch.zeros(n, 3).long()
        )

    return build


@pytest.fixture
def emulated_gpu(monkeypatch):
    """Let the CUDA back-end launch on an emulated GPU.

    `backwards` reverses its blocks and threads; `races` raises RuntimeError where they race.
    """

    class Gpu:
        backwards = races = False
        has_tensor_cores = True
        multiprocessors = cuda_emulation.EmulatedProgram.multiprocessors
        shared_limit = cuda_emulation.EmulatedProgram.shared_limit

        def program(self, source, definitions, device):
            program = cuda_emulation.emulated_program(source, definitions, self.backwards, self.races)
            program.shared_limit = self.shared_limit
            return program

    gpu = Gpu()
    monkeypatch.setattr(cuda_runtime, 'program', gpu.program)
    monkeypatch.setattr(cuda_runtime, 'shared_limit', lambda device: gpu.shared_limit)
    monkeypatch.setattr(cuda_runtime, 'multiprocessors', lambda device: gpu.multiprocessors)
    monkeypatch.setattr(cuda_runtime, 'has_tensor_cores', lambda device: gpu.has_tensor_cores)
    return gpu


@pytest.fixture
def benchmarks(monkeypatch):
    """Import a module of the benchmarks by its name."""
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    return importlib.import_module


@pytest.fixture
def report(benchmarks, tmp_path):
    """An empty report of the GPU script, in the temporary folder of the test."""
    return benchmarks('gpu_report').Report(tmp_path, 60)


@pytest.fixture
def gpu_rule():
    """Let autocast on the CPU follow the rule of a GPU."""
    with rule_of_gpus():
        yield
