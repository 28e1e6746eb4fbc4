"""Runs the CUDA kernels' block code on the CPU: the stand-in for a GPU in tests.

The same source files are compiled by the host's C++ compiler; blocks and threads take turns.
"""

from __future__ import annotations

import ctypes
import functools
import hashlib
import subprocess
from pathlib import Path

from .compiled_files import first_usable, is_whole, publish, work_folder
from .cpu_library import SOURCE_FOLDER, KernelsUnavailableError, find_compiler

FLAGS = ('-std=c++17', '-O1', '-ffp-contract=off', '-fPIC', '-shared', '-Wall', '-Wno-unknown-pragmas')
HARNESS, RACES = (SOURCE_FOLDER / 'emulation' / name for name in ('emulate.cpp', 'races.cpp'))
RACE_FLAGS = '-g', '-DSWIN3D_RACES', '-fsanitize=thread'  # calls at every access; races.cpp defines them
COMPILE_SECONDS = 120


class EmulatedProgram:
    """The kernels of one source file, compiled for the CPU; launches like the program of a GPU.

    Attributes:
        backwards: Whether blocks, and threads between two barriers, take their turns in reverse.
        multiprocessors, shared_limit: Those of a very small GPU.
    """

    multiprocessors = 2
    shared_limit = 96 * 1024

    def __init__(self, path: Path, backwards: bool = False):
        self._path = path
        self._library = ctypes.CDLL(str(path))
        self.backwards = backwards

    def resident_blocks(self, kernel: str, threads: int, shared: int) -> int:
        """Return how many blocks of a kernel run at a time."""
        return 2

    def launch(self, kernel: str, grid: tuple[int, int], threads: int, shared: int, *arguments) -> None:
        """Run all blocks of a kernel; the arguments are ctypes values as the kernel takes them."""
        if min(grid) < 1:
            raise ValueError(f'{kernel}: a GPU launches no grid of {grid} blocks')
        if shared > self.shared_limit:
            raise ValueError(f'{kernel}: {shared} bytes of shared memory, a block has {self.shared_limit}')
        places = (ctypes.c_void_p * len(arguments))(*(ctypes.addressof(a) for a in arguments))
        race = ctypes.create_string_buffer(300)
        status = self._library.swin3d_emulate(
            kernel.encode(), ctypes.c_int64(grid[0]), grid[1], threads, ctypes.c_size_t(shared), places,
            int(self.backwards), race,
        )  # fmt: skip
        if status == 1:
            raise ValueError(f'no kernel {kernel!r}')
        if status == 2:
            raise MemoryError(f'{kernel} writes beyond its {shared} bytes of shared memory')
        if status == 3:
            raise RuntimeError(f'{kernel}, data race: {race.value.decode()} of {self._path}')


def emulated_program(
    source: str, definitions: tuple[tuple[str, object], ...], backwards: bool = False, races: bool = False
):
    """Return the emulated kernels of ``csrc/<source>`` under the macros ``definitions``.

    Args:
        source: File name in the folder ``csrc``, or a path.
        definitions: Macros (name, value) that fix types and sizes.
        backwards: Whether blocks and threads take their turns in reverse.
        races: Whether a launch raises RuntimeError on a data race, slowly; GCC alone builds that.

    Raises:
        KernelsUnavailableError: No C++ compiler, or it fails.
    """
    return EmulatedProgram(_compiled(source, tuple(definitions), races), backwards)


@functools.cache
def _compiled(source: str, definitions: tuple, races: bool) -> Path:
    flags = (*FLAGS, *RACE_FLAGS) if races else FLAGS
    digest = hashlib.sha256(repr((source, definitions, flags)).encode())
    harness = sorted(HARNESS.parent.iterdir())
    for path in sorted({*SOURCE_FOLDER.glob('*.cuh'), SOURCE_FOLDER / source, *harness}):
        digest.update(path.name.encode() + b'\0' + path.read_bytes())
    name = f'{Path(source).stem}_emulation_{digest.hexdigest()[:16]}.so'
    try:
        return first_usable(
            lambda folder: _compile_into(folder / name, source, definitions, races), 'emulated kernels'
        )
    except OSError as error:
        raise KernelsUnavailableError(f'no folder can be written: {error}') from error


def _compile_into(target: Path, source: str, definitions: tuple, races: bool) -> Path:
    if is_whole(target):
        return target
    macros = [f'-D{name}={value}' for name, value in definitions]
    macros += [f'-DSWIN3D_SOURCE="{source}"', f'-I{SOURCE_FOLDER}']
    with work_folder(target) as work:
        built = work / target.name
        inputs = [HARNESS]
        if races:  # linked without the sanitizer's own library
            inputs = [work / 'emulate.o', RACES]
            _run([*FLAGS, *RACE_FLAGS, *macros, '-c', str(HARNESS), '-o', str(inputs[0])])
            macros = ['-ldl']
        _run([*FLAGS, *macros, *map(str, inputs), '-o', str(built)])
        publish(built, target)
    return target


def _run(options: list[str]) -> None:
    command = [find_compiler(), *options]
    done = subprocess.run(command, capture_output=True, text=True, timeout=COMPILE_SECONDS)
    if done.returncode != 0:
        raise KernelsUnavailableError(f'{command[0]} failed: {done.stderr[:600]}')
