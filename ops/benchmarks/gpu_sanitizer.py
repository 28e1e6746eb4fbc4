"""Memory errors and races: small cases of all own kernels under NVIDIA's compute-sanitizer.

    python ops/benchmarks/gpu_sanitizer.py [--tools racecheck] [--only attention] [--seconds 120]

Two more cases, each with a fault put there on purpose, show that the tools see one.
"""

from __future__ import annotations

import argparse
import ctypes
import importlib.util
import logging
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from unittest import mock

import torch

sys.path[:0] = [str(Path(__file__).resolve().parents[1]), str(Path(__file__).resolve().parent)]

from gpu_checks import (  # noqa: E402
    check_attention,
    check_convolution,
    check_neighbours,
    check_products,
    check_resampling,
    convolution_backends,
)
from gpu_report import Report  # noqa: E402
from swin3d_ops import cuda_runtime, op  # noqa: E402
from swin3d_ops.cpu_library import SOURCE_FOLDER  # noqa: E402

FAULTS = {'memcheck': 'fault_past_the_end', 'racecheck': 'fault_race'}  # kernels, by who must find them
# torch asks its driver for things that a machine may lack
OPTIONS = {'memcheck': ('--report-api-errors', 'no'), 'racecheck': ()}
FAULTY_SOURCE = Path(__file__).with_name('gpu_faults.cuh')
DECLARED = re.compile(r'^SWIN3D_(?:\w+_)?KERNEL\((\w+)', re.MULTILINE)
CLEAN = re.compile(r'SUMMARY: 0 (errors|hazards)\b')
UNSEEN = 'not launched: '
FOREIGN = ('torch', 'spconv')  # back-ends whose kernels are not ours
# Blocks of memory of their own, so that a read past one's end is seen.
ENVIRONMENT = dict(PYTORCH_NO_CUDA_MEMORY_CACHING='1')
SECONDS = 120  # of each tool
logger = logging.getLogger('benchmark')


def kernel_names(sources: Iterable[Path] = tuple(SOURCE_FOLDER.glob('*.cuh'))) -> list[str]:
    """Return the names of the kernels that source files declare, by default those of the package."""
    return [name for path in sources for name in DECLARED.findall(path.read_text())]


def small_cases(device: torch.device) -> dict[str, Callable[[], None]]:
    """Return cases by name that launch every kernel of a device, on odd sizes where sizes are free."""
    cases: dict[str, Callable[[], None]] = {}
    for dtype in (torch.float32, torch.float16):
        cases[f'attention {dtype}'] = partial(check_attention, 'odd sizes', dtype, device)
        cases[f'resampling {dtype}'] = partial(check_resampling, dtype, device)
        for backend in set(convolution_backends(device, dtype)) - set(FOREIGN):
            cases[f'convolution {dtype}'] = partial(check_convolution, backend, dtype, device)
    cases['maxima of a product'] = partial(check_products, torch.float32, device)
    cases['knn'] = partial(check_neighbours, torch.float32, 16, device)
    for name, each in op.declared().items():
        if device.type in each.implementations:
            cases[f'self-check of {name}'] = partial(require_trust, name, device.type)
    return cases


def require_trust(name: str, device_type: str) -> None:
    """Raise AssertionError where the kernels of an op differ from its reference."""
    reason = op.reason_to_distrust(name, device_type, device_type)
    if reason is not None:
        raise AssertionError(f'{name}: {reason}')


def run_cases(cases: dict[str, Callable[[], None]]) -> None:
    """Run cases and log which own kernels they did not launch."""
    launched, launch = set(), cuda_runtime.Program.launch

    def record(program: cuda_runtime.Program, kernel: str, *arguments) -> None:
        launched.add(kernel)
        launch(program, kernel, *arguments)

    with mock.patch.object(cuda_runtime.Program, 'launch', record):
        for name, case in cases.items():
            logger.info('%s', name)
            case()
    logger.info('%s%s', UNSEEN, ', '.join(sorted(set(kernel_names()) - launched)) or 'none')


def run_fault(kernel: str, device: torch.device) -> None:
    """Run one of the two kernels with a fault."""
    target = torch.zeros(64, dtype=torch.int32, device=device)
    program = cuda_runtime.program(str(FAULTY_SOURCE), (), device)
    program.launch(kernel, (1, 1), 64, 64 * 4, ctypes.c_void_p(target.data_ptr()), ctypes.c_int(64))
    torch.cuda.synchronize(device)


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
    """Run the small cases under each tool, and its fault; on a CPU the cases alone, without any."""
    program = find_tool() if device.type == 'cuda' else None
    if program is None:
        report.note('there is no compute-sanitizer')
        for name, case in report.cases(small_cases(device).items()):
            report.attempt(name, case)
        return
    runs = [*FAULTS.items(), *((tool, '') for tool in FAULTS)]
    while runs:
        tool, fault = runs.pop()  # the small cases first
        seconds = report.left() / (len(runs) + 1)
        if fault:
            call = partial(require_found, program, tool, fault, seconds)
        else:
            call = partial(require_clean, program, tool, '', seconds)
        report.attempt(f'{tool}, {fault or "small cases"}', call)


def require_clean(program: str, tool: str, only: str, seconds: float) -> str:
    """Return the summary of a tool on small cases by name; AssertionError unless it is clean."""
    output, status = _watched(program, tool, kernel_names(), ['--only', only], seconds)
    unseen = [line for line in output.splitlines() if line.startswith(UNSEEN)]
    return '; '.join([verdict(output, status), *unseen])


def require_found(program: str, tool: str, fault: str, seconds: float) -> str:
    """Return the summary of a tool on the fault that it must find; AssertionError if it found none."""
    output, _ = _watched(program, tool, kernel_names([FAULTY_SOURCE]), ['--fault', fault], seconds)
    summary = summaries(output)
    if not summary or CLEAN.search(summary[-1]):
        raise AssertionError(
            f'{tool} did not see {fault}: ' + ' / '.join(summary or output.splitlines()[-4:])
        )
    return f'found: {summary[-1]}'


def _watched(
    program: str, tool: str, kernels: list[str], arguments: list[str], seconds: float
) -> tuple[str, int]:
    """Return output and status of this script under a tool that looks at some kernels."""
    command = [program, '--tool', tool, *OPTIONS[tool]]
    for kernel in kernels:
        command += ['--kernel-name', f'kernel_name={kernel}']
    command += [sys.executable, __file__, '--unwatched', *arguments]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True,
        env=dict(os.environ, **ENVIRONMENT),
    )  # fmt: skip
    try:
        output, _ = process.communicate(timeout=max(1.0, seconds))
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)  # the tool leaves the program that it watches running
        output, _ = process.communicate()
        output += f'\nno end within {seconds:.0f} s'
    return output, process.returncode


def summaries(output: str) -> list[str]:
    """Return the lines of a tool's output that sum up."""
    return [line.lstrip('= ') for line in output.splitlines() if 'SUMMARY' in line]


def verdict(output: str, status: int) -> str:
    """Return the last line of a tool's output, its summary.

    Raises:
        AssertionError: it counts errors, or there is none, or the program that it watched failed.
    """
    lines = [line.lstrip('= ') for line in output.splitlines() if line.strip('= ')]
    summary = summaries(output)
    if status or not summary or not CLEAN.search(summary[-1]):
        raise AssertionError(f'status {status}: ' + ' / '.join([*lines[:6], *lines[-4:]]))
    return summary[-1]


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument('--tools', nargs='+', choices=tuple(FAULTS), default=list(FAULTS))
    parser.add_argument('--only', default='', metavar='REGEX', help='small cases whose name it matches')
    parser.add_argument('--seconds', type=float, default=SECONDS, help='time of each run of a tool')
    parser.add_argument('--unwatched', action='store_true', help='run the cases themselves')
    parser.add_argument('--fault', choices=tuple(FAULTS.values()), help='run this one alone, unwatched')
    options = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format='%(message)s', stream=sys.stdout)
    device = torch.device('cuda')
    if options.fault:
        run_fault(options.fault, device)
    elif options.unwatched:
        run_cases({n: case for n, case in small_cases(device).items() if re.search(options.only, n)})
    else:
        raise SystemExit(_judge(options))


def _judge(options: argparse.Namespace) -> int:
    """Log the verdict of each tool and whether it finds its fault; return 0 where all is well."""
    program = find_tool()
    if program is None:
        raise SystemExit('there is no compute-sanitizer')
    status = 0
    for tool in options.tools:
        for what, call in (
            ('small cases', partial(require_clean, program, tool, options.only, options.seconds)),
            (FAULTS[tool], partial(require_found, program, tool, FAULTS[tool], options.seconds)),
        ):
            try:
                logger.info('%s, %s: %s', tool, what, call())
            except AssertionError as error:
                logger.error('%s, %s: FAILED: %s', tool, what, error)
                status = 1
    return status


if __name__ == '__main__':
    main()
