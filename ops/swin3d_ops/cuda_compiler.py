"""Compiles the CUDA kernels for one architecture by NVRTC, else nvcc, into a cache of cubins (no GPU).

The file name of a cubin carries a hash of the sources, the definitions, the architecture and the
compiler's version, so a stale one is never loaded; a damaged one is compiled anew, and so is one that others
may have put there (:mod:`compiled_files`). It appears in one step under its final name, so that processes may
race; a cache that cannot be used gives way to a temporary folder of the process.
"""

from __future__ import annotations

import ctypes
import functools
import hashlib
import importlib.util
import os
import re
import shutil
import subprocess
from pathlib import Path

from .compiled_files import first_usable, is_whole, logger, publish, work_folder
from .cpu_library import SOURCE_FOLDER, KernelsUnavailableError

OPTIONS = ('-std=c++17',)
SOURCE_OPTIONS = {  # equal distances must stay equal
    'knn.cuh': ('-fmad=false',),
    'representatives.cuh': ('-fmad=false',),
}
COMPILE_SECONDS = 300


class Nvrtc:
    """NVIDIA's run-time compiler, a shared library.

    Attributes:
        name: 'NVRTC 12.9' and the like.
        path: File of the library.
    """

    def __init__(self, path: Path):
        self.path = Path(path)
        self._builtins = self._preload_builtins()
        try:
            self._library = ctypes.CDLL(str(path))
        except OSError as error:
            raise KernelsUnavailableError(f'{path} cannot be loaded: {error}') from error
        self._library.nvrtcGetErrorString.restype = ctypes.c_char_p
        major, minor = ctypes.c_int(), ctypes.c_int()
        self._library.nvrtcVersion(ctypes.byref(major), ctypes.byref(minor))
        self.name = f'NVRTC {major.value}.{minor.value}'

    def _preload_builtins(self):
        """Load the library that NVRTC opens by its bare name, which the loader would not find."""
        for path in sorted(self.path.parent.glob('libnvrtc-builtins*.so*')):
            if '.alt.' not in path.name:
                return ctypes.CDLL(str(path), mode=ctypes.RTLD_GLOBAL)
        return None

    def architectures(self) -> list[int]:
        """Return the compute capabilities that it compiles for, 90 for 9.0, ascending."""
        count = ctypes.c_int()
        self._check(self._library.nvrtcGetNumSupportedArchs(ctypes.byref(count)))
        numbers = (ctypes.c_int * count.value)()
        self._check(self._library.nvrtcGetSupportedArchs(numbers))
        return sorted(numbers)

    def compile(self, source: Path, options: list[str], architecture: int, _work: Path) -> tuple[bytes, str]:
        """Return the cubin of a source file and what the compiler had to say."""
        program = ctypes.c_void_p()
        text = source.read_bytes()
        self._check(
            self._library.nvrtcCreateProgram(ctypes.byref(program), text, source.name.encode(), 0, None, None)
        )
        try:
            options = [*options, f'-arch=sm_{architecture}', f'-I{SOURCE_FOLDER}']
            array = (ctypes.c_char_p * len(options))(*(option.encode() for option in options))
            status = self._library.nvrtcCompileProgram(program, len(options), array)
            log = self._read(program, 'nvrtcGetProgramLog').rstrip(b'\0').decode(errors='replace')
            if status != 0:
                raise KernelsUnavailableError(f'{self.name} failed: {_first_error(log)}')
            return self._read(program, 'nvrtcGetCUBIN'), log
        finally:
            self._library.nvrtcDestroyProgram(ctypes.byref(program))

    def _read(self, program, name: str) -> bytes:
        size = ctypes.c_size_t()
        self._check(getattr(self._library, f'{name}Size')(program, ctypes.byref(size)))
        content = ctypes.create_string_buffer(size.value)
        self._check(getattr(self._library, name)(program, content))
        return content.raw

    def _check(self, status: int) -> None:
        if status != 0:
            message = self._library.nvrtcGetErrorString(status).decode()
            raise KernelsUnavailableError(f'{self.name}: {message}')


class Nvcc:
    """NVIDIA's compiler driver, a program.

    Attributes:
        name: 'nvcc 13.0.88' and the like.
        path: File of the program.
    """

    def __init__(self, path: str):
        self.path = path
        release = re.search(r'V(\d+(?:\.\d+)+)', _output([path, '--version']))
        self.name = f'nvcc {release.group(1) if release else "of unknown version"}'

    def architectures(self) -> list[int]:
        """Return the compute capabilities that it compiles for, 90 for 9.0, ascending."""
        return sorted(map(int, re.findall(r'compute_(\d+)$', _output([self.path, '--list-gpu-arch']), re.M)))

    def compile(self, source: Path, options: list[str], architecture: int, work: Path) -> tuple[bytes, str]:
        """Return the cubin of a source file and what the compiler had to say; it writes below ``work``."""
        target = work / 'kernels.cubin'
        command = [
            self.path,
            *options,
            f'-arch=sm_{architecture}',
            f'-I{SOURCE_FOLDER}',
            '-x',
            'cu',
            '-cubin',
        ]
        log = _output([*command, str(source), '-o', str(target)])
        return target.read_bytes(), log


def _output(command: list[str]) -> str:
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=COMPILE_SECONDS)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise KernelsUnavailableError(f'{command[0]} does not run: {error}') from error
    if done.returncode != 0:
        raise KernelsUnavailableError(f'{command[0]} failed: {_first_error(done.stderr)}')
    return done.stdout + done.stderr


def _first_error(log: str) -> str:
    lines = [line for line in log.splitlines() if 'error' in line] or [log.strip()]
    return lines[0][:300]


def library_folders() -> list[Path]:
    """Return the folders that may hold NVRTC: torch's wheels first, then CUDA toolkits."""
    folders = []
    for package, below in (('torch', ('lib',)), ('nvidia', ('cu[0-9]*/lib', 'cuda_nvrtc/lib'))):
        spec = importlib.util.find_spec(package)
        for root in (spec.submodule_search_locations or []) if spec else []:
            folders += [path for pattern in below for path in sorted(Path(root).glob(pattern))]
    for variable in ('CUDA_HOME', 'CUDA_PATH'):
        if os.environ.get(variable):
            root = Path(os.environ[variable])
            folders += [root / 'lib64', root / 'lib', root / 'targets' / 'x86_64-linux' / 'lib']
    folders += sorted(Path('/usr/local').glob('cuda*/lib64'))
    return [*folders, *_folders_of_loader()]


def _folders_of_loader() -> list[Path]:
    program = shutil.which('ldconfig') or '/sbin/ldconfig'
    try:
        listing = subprocess.run([program, '-p'], capture_output=True, text=True, timeout=60).stdout
    except (OSError, subprocess.TimeoutExpired):
        return []
    return [Path(file).parent for file in re.findall(r'libnvrtc\.so\S* .*=> (\S+)', listing)]


def _programs() -> list[str]:
    homes = [os.environ.get(name) for name in ('CUDA_HOME', 'CUDA_PATH')]
    candidates = [shutil.which('nvcc'), *(f'{home}/bin/nvcc' for home in homes if home)]
    return [name for name in candidates if name and os.access(name, os.X_OK)]


@functools.cache
def find_compiler() -> Nvrtc | Nvcc:
    """Return NVRTC, else nvcc.

    Raises:
        KernelsUnavailableError: Neither is there; the message says where it was looked for.
    """
    folders = library_folders()
    complaints = []
    for folder in folders:
        for path in sorted(folder.glob('libnvrtc.so*'), reverse=True):
            try:
                return Nvrtc(path)
            except KernelsUnavailableError as error:
                complaints.append(str(error))
    for path in _programs():
        try:
            return Nvcc(path)
        except KernelsUnavailableError as error:
            complaints.append(str(error))
    reason = complaints[0] if complaints else 'pip install nvidia-cuda-nvrtc-cu12 provides it'
    raise KernelsUnavailableError(
        f'no NVRTC in {len(folders)} folders (torch, nvidia, CUDA_HOME, ldconfig) and no nvcc: {reason}'
    )


def compile_options(source: str, definitions: tuple[tuple[str, object], ...]) -> list[str]:
    """Return the compiler's options for a source file under the macros (name, value)."""
    return [*OPTIONS, *SOURCE_OPTIONS.get(source, ()), *(f'-D{name}={value}' for name, value in definitions)]


def cubin(source: str, definitions: tuple[tuple[str, object], ...], architecture: int) -> Path:
    """Return the path of the compiled kernels of a source file, compiling them if there are none yet.

    :func:`swin3d_ops.compiled_files.contents` reads them.

    Args:
        source: File name in the folder ``csrc``, or a path.
        definitions: Macros (name, value) that fix types and sizes.
        architecture: Compute capability, 90 for 9.0.

    Raises:
        KernelsUnavailableError: No compiler, or it fails.
    """
    compiler = find_compiler()
    known = compiler.architectures()
    # A cubin runs on later minor revisions of its major architecture too.
    fitting = [number for number in known if number // 10 == architecture // 10 and number <= architecture]
    if not fitting:
        raise KernelsUnavailableError(
            f'{compiler.name} compiles for compute capability {known[0] / 10} to {known[-1] / 10}, '
            f'not for {architecture / 10}'
        )
    architecture = fitting[-1]
    options = compile_options(source, definitions)
    name = f'{Path(source).stem}_sm{architecture}_{_digest(source, options, compiler.name)}.cubin'

    def compiled(folder: Path) -> Path:
        return _compile_into(folder / name, compiler, SOURCE_FOLDER / source, options, architecture)

    try:
        return first_usable(compiled, 'CUDA kernels')
    except OSError as error:
        raise KernelsUnavailableError(
            f'neither the cache nor a temporary folder is writable: {error}'
        ) from error


def _compile_into(target: Path, compiler, source: Path, options: list[str], architecture: int) -> Path:
    if is_whole(target):
        return target
    if os.path.lexists(target):
        logger.warning('%s is damaged or not yours and is compiled anew', target)
    target.parent.mkdir(parents=True, exist_ok=True)
    with work_folder(target) as work:
        content, _ = compiler.compile(source, options, architecture, work)
        built = work / target.name
        built.write_bytes(content)
        publish(built, target)
    return target


def _digest(source: str, options: list[str], compiler: str) -> str:
    digest = hashlib.sha256(repr((source, options, compiler)).encode())
    for path in sorted({*SOURCE_FOLDER.glob('*.cuh'), SOURCE_FOLDER / source}):
        digest.update(path.name.encode() + b'\0' + path.read_bytes())
    return digest.hexdigest()[:16]
