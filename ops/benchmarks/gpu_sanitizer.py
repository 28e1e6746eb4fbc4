"""Section on memory errors and races: a small case of the kernels under NVIDIA's compute-sanitizer.

Run as a script, it is that case.
"""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import torch

sys.path[:0] = [str(Path(__file__).resolve().parents[1]), str(Path(__file__).resolve().parent)]

from gpu_checks import check_attention, check_neighbours, check_resampling  # noqa: E402
from gpu_report import Report  # noqa: E402

TOOLS = ('memcheck', 'racecheck')
CLEAN = re.compile(r'SUMMARY: 0 (errors|hazards)\b')
# Blocks of memory of their own, so that a read past one's end is seen.
ENVIRONMENT = dict(PYTORCH_NO_CUDA_MEMORY_CACHING='1')


def small_case(device: torch.device) -> None:
    """Run every kernel once on odd sizes."""
    check_attention('odd sizes', torch.float32, device)
    check_neighbours(torch.float32, 16, device)
    check_resampling(torch.float32, device)


def find_tool() -> str | None:
    """Return the path of compute-sanitizer, of the toolkit or of a wheel, or None."""
    folders = [Path(os.environ[name]) for name in ('CUDA_HOME', 'CUDA_PATH') if os.environ.get(name)]
    folders += sorted(Path('/usr/local').glob('cuda*'))
    wheels = importlib.util.find_spec('nvidia')
    found = [folder / 'bin' / 'compute-sanitizer' for folder in folders]
    for root in (wheels.submodule_search_locations or []) if wheels else []:
        found += sorted(Path(root).glob('**/compute-sanitizer'))
    found = [path for path in found if os.access(path, os.X_OK) and path.is_file()]
    return shutil.which('compute-sanitizer') or (str(found[0]) if found else None)


def sanitize(report: Report, device: torch.device) -> None:
    """Run the small case under each tool; on a CPU, without any."""
    program = find_tool() if device.type == 'cuda' else None
    if program is None:
        report.note('there is no compute-sanitizer')
        report.attempt('small case without it', lambda: small_case(device))
        return
    for number, tool in report.cases(enumerate(TOOLS)):
        seconds = report.left() / (len(TOOLS) - number)
        report.attempt(tool, lambda: _run(program, tool, seconds))  # noqa: B023


def _run(program: str, tool: str, seconds: float) -> str:
    """Return the summary of a tool; AssertionError where it found anything or the case failed."""
    command = [program, '--tool', tool, sys.executable, __file__]
    environment = dict(os.environ, **ENVIRONMENT)
    done = subprocess.run(command, capture_output=True, text=True, timeout=seconds, env=environment)
    return verdict(done.stdout + done.stderr, done.returncode)


def verdict(output: str, status: int) -> str:
    """Return the last line of a tool's output, its summary.

    Raises:
        AssertionError: it counts errors, or there is none, or the program that it watched failed.
    """
    lines = [line.lstrip('= ') for line in output.splitlines() if line.strip('= ')]
    summary = [line for line in lines if 'SUMMARY' in line]
    if status or not summary or not CLEAN.search(summary[-1]):
        raise AssertionError(f'status {status}: ' + ' / '.join([*lines[:6], *lines[-4:]]))
    return summary[-1]


if __name__ == '__main__':
    small_case(torch.device('cuda'))
