"""What the GPU script does on a GPU alone, on a torch.cuda that pretends: nothing in it is misspelt.

Tensors stay on the CPU, whose kernels serve for those of CUDA; the per-pair baseline runs on the emulation.
"""

from __future__ import annotations

import contextlib
import shutil
import time
import types
import warnings
from pathlib import Path

import pytest
import torch
from swin3d_ops.op import Op

SMALL = 120  # voxels
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(torch.cuda.is_available(), reason='there is a GPU to run the script on'),
    pytest.mark.skipif(
        shutil.which('c++') is None and shutil.which('g++') is None,
        reason='the emulation needs a C++ compiler',
    ),
]


class PretendedDevice(str):
    """The CPU to torch, a GPU to the script."""

    type = 'cuda'


class Event:
    def __init__(self, enable_timing):
        assert enable_timing

    def record(self):
        self.time = time.perf_counter()

    def synchronize(self):
        pass

    def elapsed_time(self, stop):
        return (stop.time - self.time) * 1e3


class Stream:
    def wait_stream(self, other):
        assert isinstance(other, Stream)


class Graph:
    def replay(self):
        """Write nothing: what is captured is not kept."""


def watch_for_waits(mode):
    warnings.warn('Synchronization debug mode is a prototype feature', stacklevel=1)
    if mode == 'warn':
        warnings.warn('called a synchronizing CUDA operation', stacklevel=1)


@pytest.fixture
def sections(benchmarks, monkeypatch, emulated_gpu, tmp_path):
    """Run a section by the start of its heading and return its entry."""
    gpu = benchmarks('gpu')
    pretended = dict(
        Event=Event, Stream=Stream, CUDAGraph=Graph, current_stream=lambda *device: Stream(),
        synchronize=lambda: None, stream=lambda stream: contextlib.nullcontext(),
        graph=lambda graph: contextlib.nullcontext(), empty_cache=lambda: None,
        reset_peak_memory_stats=lambda: None, memory_allocated=lambda: 10**6,
        max_memory_allocated=lambda: 3 * 10**6, set_sync_debug_mode=watch_for_waits,
        get_device_properties=lambda index: types.SimpleNamespace(
            name='pretended', multi_processor_count=2, total_memory=8e9
        ),
    )  # fmt: skip
    for name, function in pretended.items():
        monkeypatch.setattr(torch.cuda, name, function)
    choose = Op.choose
    cpu = {'cuda': 'cpu'}
    monkeypatch.setattr(
        Op,
        'choose',
        lambda op, kind, name, *rest: choose(op, cpu.get(kind, kind), cpu.get(name, name), *rest),
    )
    for limits in (
        gpu.gpu_hazards.MANY,
        gpu.gpu_hazards.HUGE,
        gpu.gpu_machine.MATRIX,
        gpu.gpu_machine.COPIED,
    ):
        monkeypatch.setitem(limits, 'cuda', 64)
    randn = torch.randn
    monkeypatch.setattr(torch, 'randn', lambda *size, **k: randn(*size, **{**k, 'device': 'cpu'}))
    report = gpu.Report(tmp_path, 600)

    def run(start):
        known = gpu.sections(PretendedDevice('cpu'), SMALL)
        (name,) = (name for name in known if name.startswith(start))
        report.section(name, 120, lambda: known[name][1](report))
        return report.results[name]

    return run


@pytest.mark.parametrize(
    'start', ['Machine', 'Raw', 'Attention', 'Around', 'Sparse', 'Network against', 'Network, ', 'Tuning']
)
@pytest.mark.filterwarnings('ignore:CUDA is not available', 'ignore:User provided device_type')
def test_branches_of_a_gpu_run(sections, start):
    entry = sections(start)
    assert (entry['error'], entry['failed cases']) == (None, 0), entry['tracebacks']
    if start == 'Attention':
        algorithms = {row['algorithm'] for row in entry['rows'] if 'algorithm' in row}
        assert algorithms == {'cuda float32', 'cuda float16', 'torch float32', 'pairs, atomics'}
        peaks = {row['peak_mb'] for row in entry['rows'] if 'peak_mb' in row}
        assert peaks == {2.0}
    if start == 'Network, ':
        precisions = [row['precision'] for row in entry['rows'] if row.get('what') == 'step']
        assert precisions == ['float32', 'autocast bfloat16', 'autocast float16'] * 2
        waits = [row['waits_at'] for row in entry['rows'] if 'waits_at' in row]
        assert len(waits) == 3 and all(Path(__file__).name in line for line in waits)
    if start == 'Tuning':
        shapes = [row for row in entry['rows'] if 'lanes' in row]
        assert len(shapes) == 3 * 5 and all(row['both_device_ms'] > 0 for row in shapes)


def test_a_graph_that_writes_nothing_is_noticed(sections):
    rows = sections('Hazards')['rows']
    failed = [row['case'] for row in rows if row['outcome'].startswith('FAILED')]
    captured = ['attention, forward', 'attention, both passes', 'gather_max', 'knn']
    assert failed == [f'graph capture: {name}' for name in captured]
    assert 'same bits on a side stream' in [row['case'] for row in rows]
