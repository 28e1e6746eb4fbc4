"""The GPU benchmark's parts that need no GPU: its baseline compiles and computes the operation."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from swin3d_ops import WindowIndex, cuda_compiler
from swin3d_ops.cpu_library import KernelsUnavailableError

BENCHMARKS = Path(__file__).parents[2] / 'ops' / 'benchmarks'


@pytest.fixture
def gpu_pairs(benchmarks):
    return benchmarks('gpu_pairs')


def test_baseline_compiles(gpu_pairs, tmp_path):
    try:
        compiler = cuda_compiler.find_compiler()
    except KernelsUnavailableError as error:
        pytest.skip(str(error))
    options = cuda_compiler.compile_options(gpu_pairs.SOURCE, gpu_pairs.definitions(8, 6))
    cubin, _ = compiler.compile(Path(gpu_pairs.SOURCE), options, 90, tmp_path)
    assert cubin.startswith(b'\x7fELF')


@pytest.mark.skipif(
    shutil.which('c++') is None and shutil.which('g++') is None,
    reason='the emulation needs a C++ compiler',
)
def test_baseline_equals_the_reference(gpu_pairs, emulated_gpu, attention):
    problem = attention(90, 2, 8, dtype=torch.float32)
    pairs = gpu_pairs.PairAttention(*problem.inputs, problem.signals, problem.table_rows, problem.windows)
    results = [pairs.forward(), *pairs.backward(problem.grad_out)]
    for got, truth in zip(results, problem.run_with_gradients('reference', torch.float64)):
        assert (got - truth).abs().max() <= 1e-5 * truth.abs().max()


@pytest.mark.skipif(
    shutil.which('c++') is None and shutil.which('g++') is None,
    reason='the emulation needs a C++ compiler',
)
def test_the_check_of_the_baseline_judges_it(benchmarks, gpu_pairs, emulated_gpu, monkeypatch):
    checks = benchmarks('gpu_checks')
    checks.check_pairs(torch.device('cpu'))
    right = gpu_pairs.PairAttention.backward
    monkeypatch.setattr(
        gpu_pairs.PairAttention, 'backward', lambda self, grad_out: right(self, grad_out * 1.01)
    )
    with pytest.raises(AssertionError, match='pairs: differs from the reference'):
        checks.check_pairs(torch.device('cpu'))


@pytest.mark.slow
def test_without_a_gpu_the_script_says_so_and_gives_no_figure(tmp_path):
    if torch.cuda.is_available():
        pytest.skip('this machine has a GPU')
    command = [sys.executable, str(BENCHMARKS / 'gpu.py'), '--out', str(tmp_path / 'out')]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 1 and done.stdout == ''
    assert done.stderr.startswith('no GPU figures: torch.cuda is not available')
    assert not (tmp_path / 'out').exists()


def test_pairs_are_listed_on_the_device_of_their_windows(benchmarks):
    order, ptr = torch.tensor([3, 0, 4, 1, 2]), torch.tensor([0, 2, 5])
    windows = WindowIndex(order=order, ptr=ptr, cell=torch.zeros(5, 3).long())
    with torch.device('meta'):  # what is made without a device lands on another one
        i, j = benchmarks('explicit_pairs').list_pairs(windows)
    expected = [(a, b) for window in ((3, 0), (4, 1, 2)) for a in window for b in window]
    assert list(zip(i.tolist(), j.tolist())) == expected
