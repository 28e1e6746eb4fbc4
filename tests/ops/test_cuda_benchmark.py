"""The GPU benchmark's parts that need no GPU: its baseline compiles and computes the operation."""

from __future__ import annotations

import importlib
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from swin3d_ops import cuda_compiler
from swin3d_ops.cpu_library import KernelsUnavailableError

BENCHMARKS = Path(__file__).parents[2] / 'ops' / 'benchmarks'


@pytest.fixture
def gpu_pairs(monkeypatch):
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    return importlib.import_module('gpu_pairs')


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
def test_the_check_of_the_baseline_judges_it(gpu_pairs, emulated_gpu, monkeypatch):
    checks = importlib.import_module('gpu_checks')
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
