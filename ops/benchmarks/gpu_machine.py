"""Sections on the machine: what it is, what it does at best, how long kernels take to compile, and trust."""

from __future__ import annotations

import contextlib
import platform
import shutil
import subprocess
import time
from collections.abc import Callable

import torch
from gpu_report import Report
from gpu_timing import milliseconds
from swin3d_ops import cuda_compiler, cuda_runtime, op
from swin3d_ops.compiled_files import cache_folder
from timing import describe_machine

TERA, GIGA = 1e12, 1e9
MATRIX, COPIED = {'cuda': 8192, 'cpu': 256}, {'cuda': 2**28, 'cpu': 2**20}
QUERY = 'driver_version,clocks.sm,clocks.max.sm,power.limit'


def describe(report: Report, device: torch.device) -> None:
    """Write down the machine, and for each op how long its first use takes, compilation included."""
    report.note(f'host: {describe_machine()}')
    if device.type == 'cuda':
        _describe_gpu(report)
    before = set(cache_folder().glob('*.cubin'))
    for name in op.declared():
        start = time.perf_counter()
        served = op.declared()[name].choose(device.type, 'auto')
        seconds = time.perf_counter() - start
        cubins = set(cache_folder().glob('*.cubin'))
        report.row(op=name, served_by=served, compiled=len(cubins - before), first_use_s=seconds)
        before = cubins
    for name in op.declared():
        for backend, implementation in op.declared()[name].implementations.items():
            asked = device.type in implementation.devices
            reason = op.declared()[name].reason_unavailable(backend, device.type) if asked else None
            if reason is not None:
                report.note(f'{name}: {backend} cannot run: {reason}')


def _describe_gpu(report: Report) -> None:
    gpu, compiler = torch.cuda.get_device_properties(0), cuda_compiler.find_compiler()
    report.row(
        gpu=gpu.name, multiprocessors=gpu.multi_processor_count, memory_gb=gpu.total_memory / GIGA,
        torch=torch.__version__, cuda=torch.version.cuda, python=platform.python_version(),
        compiler=compiler.name,
    )  # fmt: skip
    reason = cuda_runtime.reason_unavailable()
    if reason is not None:
        report.note(f'CUDA kernels: {reason}')
    if shutil.which('nvidia-smi'):
        asked = subprocess.run(
            ['nvidia-smi', f'--query-gpu={QUERY}', '--format=csv,noheader'], capture_output=True, text=True
        )
        report.row(**dict(zip(QUERY.split(','), asked.stdout.strip().split(', '))))


def rates(report: Report, device: torch.device) -> None:
    """Write down what matrix products and copies reach: the scale for all other figures."""
    size, length = MATRIX[device.type], COPIED[device.type]
    wide = torch.randn(size, size, device=device)
    narrow = wide.bfloat16()
    for what, matrix, precision in (
        ('mm float32', wide, 'highest'),
        ('mm float32 as TF32', wide, 'high'),
        ('mm bfloat16', narrow, 'highest'),
    ):
        with matmul_precision(precision):
            ms, _ = milliseconds(lambda: matrix @ matrix, device, 5)  # noqa: B023
        report.row(what=what, rate=2 * size**3 / ms * 1e3 / TERA, unit='TFLOP/s')
    source = torch.ones(length, device=device)
    target = torch.empty_like(source)
    ms, _ = milliseconds(lambda: target.copy_(source), device, 5)
    report.row(what='copy, read and write', rate=2 * 4 * length / ms * 1e3 / GIGA, unit='GB/s')


@contextlib.contextmanager
def matmul_precision(precision: str):
    """Set what torch keeps for the whole process, the precision of float32 products."""
    before = torch.get_float32_matmul_precision()
    torch.set_float32_matmul_precision(precision)
    try:
        yield
    finally:
        torch.set_float32_matmul_precision(before)


def training_modes(device: torch.device) -> dict[str, Callable]:
    """Return the modes that the first call of an op may come in."""
    return {
        'plain': contextlib.nullcontext,
        'inference_mode': torch.inference_mode,
        'no_grad': torch.no_grad,
        'autocast float16': lambda: torch.autocast(device.type, dtype=torch.float16),
        'autocast bfloat16': lambda: torch.autocast(device.type, dtype=torch.bfloat16),
        'TF32': lambda: matmul_precision('high'),
    }


def self_checks(report: Report, device: torch.device) -> None:
    """Repeat the self-checks of all kernels of the device in every mode; one that is distrusted fails."""
    for mode, context in report.cases(training_modes(device).items()):
        report.attempt(mode, lambda: require_trust(device, context))  # noqa: B023
    op.forget()


def require_trust(device: torch.device, context: Callable) -> str:
    """Say how many kernels of the device are trusted in a mode; raise AssertionError where one is not."""
    trusted, complaints = 0, []
    op.forget()
    with context():
        for name, one in op.declared().items():
            for backend, implementation in one.implementations.items():
                if device.type not in implementation.first_on or implementation.reason_missing():
                    continue
                reason = op.reason_to_distrust(name, backend, device.type)
                trusted += reason is None
                complaints += [f'{name} by {backend}: {reason}'] if reason else []
    if complaints:
        raise AssertionError('; '.join(complaints))
    return f'trusts all {trusted}'
