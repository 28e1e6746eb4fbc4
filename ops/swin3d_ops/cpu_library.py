"""Finds or compiles the shared library of the CPU kernels (standard library only, no torch).

Search order: a library that the installer left in the package folder, then the user's cache,
then a fresh compilation into the cache. The file name carries a hash of the sources, so a stale
library is never loaded; a damaged one is compiled anew, as to load it would end the process, and so is one
that others may have put there (:mod:`compiled_files`). This file may be executed alone: an installer loads it
by its path and calls :func:`compile_into`.
"""

from __future__ import annotations

import ctypes
import hashlib
import importlib.util
import os
import platform
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

try:
    from . import compiled_files
except ImportError:  # loaded by its path
    _spec = importlib.util.spec_from_file_location(
        'compiled_files', Path(__file__).with_name('compiled_files.py')
    )
    compiled_files = importlib.util.module_from_spec(_spec)
    _spec.loader.exec_module(compiled_files)

SOURCE_FOLDER = Path(__file__).resolve().parent / 'csrc'
ISA_VARIABLE = 'SWIN3D_OPS_ISA'
FLAGS = ('-std=c++17', '-O3', '-fno-math-errno', '-fno-trapping-math', '-fPIC', '-fvisibility=hidden')
FLAGS += ('-Wno-psabi', '-Wno-unknown-pragmas')
SOURCE_FLAGS = {'knn.cpp': ('-ffp-contract=off',)}
ISA_FLAGS = {
    'portable': (),
    'avx2': ('-mavx2', '-mfma'),
    'avx512': ('-mavx512f', '-mavx512bw', '-mavx512dq', '-mavx512vl', '-mfma'),
}
COMPILE_SECONDS = 300

logger = compiled_files.logger


class KernelsUnavailableError(RuntimeError):
    """The CPU kernels cannot be compiled or loaded; the message says why."""


class RowsRefusedError(ValueError):
    """A kernel was given rows out of range or out of order, and has not used them."""


class CpuLibrary:
    """The loaded kernels of one instruction set.

    Attributes:
        path: File of the shared library.
        isa: 'portable', 'avx2' or 'avx512', what the processor runs best unless named.
        has_openmp: Whether the kernels use several threads.
        has_bfloat16: Whether products of layers can be in bfloat16 (AVX512-BF16).
    """

    def __init__(self, path: Path, isa: str | None = None):
        self.path = Path(path)
        try:
            self._library = ctypes.CDLL(str(path))
        except OSError as error:
            raise KernelsUnavailableError(f'{path} cannot be loaded: {error}') from error
        usable = [name for name in ISA_FLAGS if getattr(self._library, f'swin3d_supports_{name}')()]
        self.isa = isa or os.environ.get(ISA_VARIABLE) or usable[-1]
        if self.isa not in usable:
            raise KernelsUnavailableError(
                f'{ISA_VARIABLE} must be one of {usable} on this processor, got {self.isa!r}'
            )
        self.has_openmp = bool(self._library.swin3d_has_openmp())
        self.has_bfloat16 = bool(getattr(self._library, f'swin3d_has_bfloat16_{self.isa}')())

    def call(self, name: str, *arguments) -> None:
        """Call an exported function by its name without the suffix of the instruction set."""
        status = getattr(self._library, f'{name}_{self.isa}')(*arguments)
        if status == 2:
            raise RowsRefusedError(f'{name}: rows out of range or out of order')
        if status != 0:
            raise MemoryError(f'{name}: out of memory')


def _sources() -> list[Path]:
    return sorted(SOURCE_FOLDER.glob('*.cpp')) + sorted(SOURCE_FOLDER.glob('*.h'))


def library_name() -> str:
    """Return the file name of the library for these sources, flags and this kind of machine."""
    digest = hashlib.sha256()
    for path in _sources():
        digest.update(path.name.encode() + b'\0' + path.read_bytes())
    digest.update(repr((FLAGS, SOURCE_FLAGS, ISA_FLAGS, compiled_files.SEAL().name)).encode())
    machine = f'{sys.platform}_{platform.machine()}'
    return f'swin3d_ops_cpu_{machine}_{digest.hexdigest()[:16]}.so'


def find_compiler() -> str:
    """Return the C++ compiler: $CXX, else the first of c++, g++, clang++ on the path.

    Raises:
        KernelsUnavailableError: There is none.
    """
    for name in (os.environ.get('CXX'), 'c++', 'g++', 'clang++'):
        if name and shutil.which(name):
            return name
    raise KernelsUnavailableError('no C++ compiler was found (c++, g++, clang++ or $CXX)')


def compile_into(folder: str | os.PathLike) -> Path:
    """Compile the kernels into ``folder`` and return the library's path.

    The file appears in one step under its final name. Of several processes one compiles while the
    others wait for its library. An undamaged library of the same sources is returned as it is.

    Raises:
        KernelsUnavailableError: No compiler, a failing compiler, or a folder not writable.
    """
    try:
        return _compiled_in(Path(folder))
    except OSError as error:
        raise KernelsUnavailableError(f'{folder} is not writable: {error}') from error


def _compiled_in(folder: Path) -> Path:
    target = folder / library_name()
    if compiled_files.is_whole(target):
        return target
    damaged = f'{target} is damaged or not yours and ' if os.path.lexists(target) else ''
    try:
        compiler = find_compiler()
    except KernelsUnavailableError as error:
        raise KernelsUnavailableError(f'{damaged}{error}') from None
    folder.mkdir(parents=True, exist_ok=True)
    with compiled_files.one_process_at_a_time(folder):
        if not compiled_files.is_whole(target):
            if damaged:
                logger.warning('%sis compiled anew', damaged)
            _compile_whole(compiler, target)
    return target


def _compile_whole(compiler: str, target: Path) -> None:
    with compiled_files.work_folder(target) as work:
        try:
            built = _compile(compiler, work, ('-fopenmp',))
        except KernelsUnavailableError:
            built = _compile(compiler, work, ())  # a compiler without OpenMP: one thread
        compiled_files.publish(built, target)


def _compile(compiler: str, work: Path, openmp: tuple[str, ...]) -> Path:
    x86 = platform.machine().lower() in ('x86_64', 'amd64')
    jobs, objects = [], []
    for source in sorted(SOURCE_FOLDER.glob('*.cpp')):
        for isa in ISA_FLAGS if x86 else ('portable',):
            if source.name == 'cpu_features.cpp' and isa != 'portable':
                continue
            objects.append(str(work / f'{source.stem}_{isa}.o'))
            flags = (*FLAGS, *SOURCE_FLAGS.get(source.name, ()), *ISA_FLAGS[isa], *openmp)
            jobs.append([compiler, *flags, f'-DSWIN3D_ISA={isa}', '-c', str(source), '-o', objects[-1]])
    _run_all(jobs)
    library = work / 'library.so'
    _run_all([[compiler, '-shared', *openmp, *objects, '-o', str(library)]])
    return library


def _run_all(commands: list[list[str]]) -> None:
    """Run the commands, as many at a time as cores may be used; raise with the first complaint."""
    with ThreadPoolExecutor(_usable_cores()) as pool:
        complaints = [complaint for complaint in pool.map(_complaint, commands) if complaint]
    if complaints:
        raise KernelsUnavailableError(complaints[0])


def _usable_cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, 'sched_getaffinity') else os.cpu_count() or 1


def _complaint(command: list[str]) -> str | None:
    try:
        done = subprocess.run(
            command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, timeout=COMPILE_SECONDS
        )
    except subprocess.TimeoutExpired:
        return f'{command[0]} failed: took more than {COMPILE_SECONDS} s'
    if done.returncode == 0:
        return None
    lines = [line for line in done.stderr.splitlines() if 'error' in line] or [done.stderr.strip()]
    return f'{command[0]} failed (status {done.returncode}): {lines[0][:300]}'


def find_or_compile() -> Path:
    """Return the path of a library of these sources, compiling one if there is none yet.

    Raises:
        KernelsUnavailableError: There is none and none can be compiled.
    """
    installed = SOURCE_FOLDER.parent / library_name()
    if compiled_files.is_whole(installed, installed=True):
        return installed
    if installed.exists():
        logger.warning('%s is damaged and not used', installed)
    try:
        return compiled_files.first_usable(_compiled_in, 'CPU kernels')
    except OSError as error:
        raise KernelsUnavailableError(f'no folder can be written: {error}') from error
