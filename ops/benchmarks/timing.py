"""How the benchmarks time and weigh: CPU seconds, medians, one thread, each case in a fresh process."""

from __future__ import annotations

import ctypes
import json
import os
import platform
import statistics
import subprocess
import sys
import time
from pathlib import Path

import torch

FOLDER = Path(__file__).resolve().parent
SECONDS_PER_CASE = 12.0


def cpu_seconds(function, repeats: int = 7, clock=time.process_time) -> float:
    """Return the median of the CPU seconds (user + system) of a call, the first call dropped.

    A call that takes longer than a third of the time of a case is its own measurement.
    """
    times = []
    for _ in range(repeats + 1):
        start = clock()
        function()
        times.append(clock() - start)
        if times[0] > SECONDS_PER_CASE / 3 or sum(times) > SECONDS_PER_CASE:
            break
    return statistics.median(times[1:] or times)


def forward_and_backward(run, inputs, repeats: int = 7, clock=time.process_time) -> tuple[float, float]:
    """Return the median seconds of ``run()`` and of the gradients of ``inputs``, the first call dropped."""
    forward, backward = [], []
    for _ in range(repeats + 1):
        start = clock()
        out = run()
        middle = clock()
        torch.autograd.grad(out, inputs, torch.ones_like(out))
        backward.append(clock() - middle)
        forward.append(middle - start)
        del out
        if forward[0] + backward[0] > SECONDS_PER_CASE / 3 or sum(forward + backward) > SECONDS_PER_CASE:
            break
    return statistics.median(forward[1:] or forward), statistics.median(backward[1:] or backward)


def in_fresh_process(script: str, *arguments, threads: int = 1, **environment) -> dict:
    """Run a benchmark script on one case and return what it reports by :func:`report`."""
    variables = dict(os.environ, OMP_NUM_THREADS=str(threads), MKL_NUM_THREADS=str(threads), **environment)
    command = [sys.executable, str(FOLDER / script), *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, env=variables)
    if done.returncode < 0:
        return dict(error=f'killed by signal {-done.returncode}, as for want of memory')
    if done.returncode:
        return dict(error=(done.stderr.strip().splitlines() or [f'status {done.returncode}'])[-1])
    return json.loads(done.stdout.strip().splitlines()[-1])


def report(**results) -> None:
    """Write the results of one case for :func:`in_fresh_process`."""
    sys.stdout.write(json.dumps(results) + '\n')


def reset_peak_memory() -> float:
    """Return freed blocks, let the peak start at the memory in use, and return that in MB (Linux)."""
    ctypes.CDLL(None).malloc_trim(0)
    Path('/proc/self/clear_refs').write_text('5')
    return peak_megabytes()


def peak_megabytes() -> float:
    """Return the highest resident memory since the last reset (Linux)."""
    status = Path('/proc/self/status').read_text()
    return int(status.split('VmHWM:')[1].split()[0]) / 1024


def describe_machine() -> str:
    """Return a line on the machine, its load and the software."""
    text = Path('/proc/cpuinfo').read_text() if Path('/proc/cpuinfo').exists() else ''
    names = [line.split(':')[1].strip() for line in text.splitlines() if line.startswith('model name')]
    memory = os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') / 2**30
    load = ', '.join(f'{value:.1f}' for value in os.getloadavg())
    return (
        f'{len(names) or os.cpu_count()} x {names[0] if names else platform.machine()}, {memory:.0f} GiB, '
        f'load average {load}; Python {platform.python_version()}, torch {torch.__version__}, '
        + time.strftime('%d %B %Y')
    )
