"""Checks and times the ops on a GPU in one run of some minutes; needs torch, numpy and the folder `ops`.

    python ops/benchmarks/gpu.py --out DIR [--minutes 8] [--only REGEX] [--voxels 100000] [--device cpu]

Sections do not depend on each other: one that fails is written down and the next one runs, also where it
takes its process down (a fault of the device, a crash, a hang), for the sections run in a process of their
own that is started again. DIR/results.json and DIR/report.md grow with every row; a second run into the same
folder goes on with the sections that are missing. `--device cpu` is a dry run by the kernels of the CPU.
"""

from __future__ import annotations

import argparse
import faulthandler
import logging
import re
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import torch

sys.path[:0] = [str(Path(__file__).resolve().parents[1]), str(Path(__file__).resolve().parent)]

import gpu_attention  # noqa: E402
import gpu_hazards  # noqa: E402
import gpu_levels  # noqa: E402
import gpu_machine  # noqa: E402
import gpu_network  # noqa: E402
import gpu_processes  # noqa: E402
from gpu_checks import check_all  # noqa: E402
from gpu_report import Report  # noqa: E402
from gpu_sanitizer import sanitize  # noqa: E402
from swin3d_ops import cuda_runtime  # noqa: E402

MINUTES = 8.0
HANG_SECONDS = 60  # over its time, after which a section is taken for one that hangs
FEWEST_VOXELS = 100  # batch norm and searches of 16 neighbours need some at every level they run on
DEVICE_LOST = 3  # status of a process that can go on with no further section
logger = logging.getLogger('benchmark')


def sections(device: torch.device, voxels: int) -> dict[str, tuple[int, Callable[[Report], None]]]:
    """Return for each section by its heading the seconds that it may take of 8 minutes, and itself."""
    here, there = dict(device=device), dict(device=device, voxels=voxels)
    return {
        'Machine and compilation': (60, partial(gpu_machine.describe, **here)),
        'Raw rates': (15, partial(gpu_machine.rates, **here)),
        'Self-checks under the modes of training': (30, partial(gpu_machine.self_checks, **here)),
        'Checks against float64': (75, partial(check_all, **here)),
        'Hazards': (30, partial(gpu_hazards.hazards, **here)),
        'Attention by stage': (60, partial(gpu_attention.by_stage, **there)),
        'Network, forward and step': (90, partial(gpu_network.steps, **there)),
        'Activation checkpointing': (30, partial(gpu_network.checkpointing, **there)),
        'Around the attention': (30, partial(gpu_levels.around_attention, **there)),
        'Sparse convolution': (60, partial(gpu_levels.convolution, **there)),
        'Network against float64': (40, partial(gpu_network.against_float64, **there)),
        'Two processes': (40, partial(gpu_processes.two_processes, **here)),
        'Tuning of the attention': (60, partial(gpu_attention.tuning, **there)),
        'Memory errors and races': (90, partial(sanitize, **here)),
    }


def chosen_sections(options: argparse.Namespace) -> dict[str, tuple[int, Callable[[Report], None]]]:
    """Return the sections that the command line asks for."""
    known = sections(torch.device(options.device), options.voxels)
    return {name: section for name, section in known.items() if re.search(options.only, name)}


def open_report(options: argparse.Namespace, seconds: float) -> Report:
    """Return the report in the folder of the command line."""
    return Report(options.out, seconds, device=options.device, voxels=options.voxels)


def run_sections(report: Report, options: argparse.Namespace) -> bool:
    """Run what is missing, and return whether the device could still be used at the end."""
    for name, (seconds, function) in chosen_sections(options).items():
        seconds *= max(1.0, options.minutes / MINUTES)
        faulthandler.dump_traceback_later(seconds + HANG_SECONDS, exit=True)
        report.section(name, seconds, lambda: function(report))  # noqa: B023
        faulthandler.cancel_dump_traceback_later()
        if name in report.failed and not is_usable(torch.device(options.device)):
            return False
    return True


def is_usable(device: torch.device) -> bool:
    """Whether the device still computes: after a fault, CUDA fails in all calls of the process."""
    try:
        return float(torch.ones(2, device=device).sum()) == 2.0
    except RuntimeError:
        return False


def supervise(options: argparse.Namespace) -> int:
    """Run the sections in a process of their own, started again as long as it dies and finishes something."""
    end, done = time.monotonic() + 60 * options.minutes, -1
    status = DEVICE_LOST
    while status != 0 and end > time.monotonic():
        left = (end - time.monotonic()) / 60
        command = [sys.executable, __file__, *sys.argv[1:], '--in-this-process', '--minutes', f'{left:.3f}']
        status = subprocess.run(command).returncode
        before, done = done, len(open_report(options, 0).results)
        if done == before:
            break
    report = open_report(options, 0)
    left_out = [name for name in chosen_sections(options) if name not in report.results]
    logger.info('\n%s; failed: %s; left out: %s', options.out / 'report.md', report.failed, left_out)
    return 1 if report.failed or left_out else 0


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument('--out', type=Path, required=True, help='folder of results.json and report.md')
    parser.add_argument('--minutes', type=float, default=MINUTES, help='time of the whole run')
    parser.add_argument('--only', default='', metavar='REGEX', help='sections whose heading it matches')
    parser.add_argument('--voxels', type=int, default=100_000, help='voxels of the scene')
    parser.add_argument('--device', choices=('cuda', 'cpu'), default='cuda')
    parser.add_argument('--in-this-process', action='store_true', help='let a section take the run down')
    options = parser.parse_args()
    if options.voxels < FEWEST_VOXELS or not options.minutes > 0:
        parser.error(f'--voxels must be at least {FEWEST_VOXELS} and --minutes positive')
    if not chosen_sections(options):
        parser.error(f'--only must match a section, got {options.only!r}')
    logging.basicConfig(level=logging.INFO, format='%(message)s', stream=sys.stdout)
    reason = cuda_runtime.reason_unavailable() if options.device == 'cuda' else None
    if reason is not None:
        raise SystemExit(f'no GPU figures: {reason}')
    try:
        open_report(options, 0)
    except ValueError as error:
        parser.error(f'--out: {error}')
    if not options.in_this_process:
        raise SystemExit(supervise(options))
    usable = run_sections(open_report(options, 60 * options.minutes), options)
    raise SystemExit(0 if usable else DEVICE_LOST)


if __name__ == '__main__':
    main()
