"""Files of compiled kernels, which run as code: whole, the user's own, and in a folder of the user alone.

Standard library only, as :mod:`cpu_library`, which an installer loads by its path.
"""

from __future__ import annotations

import atexit
import functools
import hashlib
import logging
import os
import platform
import re
import shutil
import stat
import tempfile
import time
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None

CACHE_VARIABLE = 'SWIN3D_OPS_CACHE'
SEAL = hashlib.sha256
"""Hash of a compiled file, which stands at its end, where loaders of shared libraries do not look."""
MAX_WAIT = 600  # seconds for another process that compiles
OTHERS_WRITE = stat.S_IWGRP | stat.S_IWOTH
_WORK = '.compiling_'
_NAME = re.compile(re.escape(_WORK) + r'([0-9a-f]{8})-(\d+)_.*')
_DAY = 86400
_OPEN = os.O_RDONLY | getattr(os, 'O_CLOEXEC', 0) | getattr(os, 'O_NOFOLLOW', 0)

logger = logging.getLogger('swin3d_ops')


class UnsafeFolderError(OSError):
    """A folder in which others could put code that this user would run."""


def cache_folder() -> Path:
    """Return the user's cache folder: $SWIN3D_OPS_CACHE, else below $XDG_CACHE_HOME or ~/.cache."""
    named = os.environ.get(CACHE_VARIABLE)
    if named:
        return Path(named)
    return Path(os.environ.get('XDG_CACHE_HOME') or Path.home() / '.cache') / 'swin3d_ops'


def private_folder(folder: Path) -> Path:
    """Return a folder that the user alone can use, made where it is missing.

    Raises:
        UnsafeFolderError: It is a link, belongs to another user, or others can write into it.
        OSError: It cannot be made.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if os.name != 'posix':
        return folder
    if folder.is_symlink():
        raise UnsafeFolderError(f'{folder} is a link: name the folder itself in {CACHE_VARIABLE}')
    handle = os.open(folder, _OPEN | os.O_DIRECTORY)
    try:
        state = os.fstat(handle)
        if state.st_uid != os.geteuid():
            raise UnsafeFolderError(f'{folder} belongs to another user: name another in {CACHE_VARIABLE}')
        if state.st_mode & OTHERS_WRITE:
            raise UnsafeFolderError(f'others can write into {folder}: remove it, or chmod 700 if it is safe')
        os.fchmod(handle, 0o700)
    finally:
        os.close(handle)
    return folder


@functools.cache
def process_folder() -> Path:
    """Return a folder of this process, of a name that nobody can guess; it goes when the process ends."""
    folder, owner = Path(tempfile.mkdtemp(prefix='swin3d_ops_')), os.getpid()
    atexit.register(lambda: shutil.rmtree(folder, ignore_errors=True) if os.getpid() == owner else None)
    return folder


def first_usable(compiled, what: str) -> Path:
    """Return ``compiled(folder)`` for the cache, or for the process's own folder where the cache is unusable.

    Raises:
        OSError: Neither can be used.
    """
    try:
        return compiled(private_folder(cache_folder()))
    except OSError as error:
        _warn(f'{error}: {what} are compiled for this process alone')
    return compiled(process_folder())


@functools.cache
def _warn(text: str) -> None:
    logger.warning(text)  # once


def contents(path: Path, installed: bool = False) -> bytes | None:
    """Return what was compiled into a file; None where there is none, a damaged one, or one of others.

    Args:
        path: The file; a link is none.
        installed: Whether it lies among the package's own files, which may be writable by a group.
    """
    try:
        handle = os.open(path, _OPEN | getattr(os, 'O_NONBLOCK', 0) | getattr(os, 'O_BINARY', 0))
    except OSError:
        return None
    if not _is_own(os.fstat(handle), installed):
        os.close(handle)
        return None
    with os.fdopen(handle, 'rb') as file:
        whole = file.read()
    size = max(0, len(whole) - SEAL().digest_size)
    return whole[:size] if SEAL(whole[:size]).digest() == whole[size:] else None


def is_whole(path: Path, installed: bool = False) -> bool:
    """Whether a file is there as :func:`publish` left it."""
    return contents(path, installed) is not None


def publish(built: Path, target: Path) -> None:
    """Put a compiled file in its place in one step, its hash at its end; a power cut leaves all or none."""
    seal = SEAL(built.read_bytes()).digest()
    with open(built, 'ab') as file:
        file.write(seal)
        file.flush()
        os.fsync(file.fileno())
    os.chmod(built, 0o755)
    os.replace(built, target)
    if not hasattr(os, 'O_DIRECTORY'):  # Windows
        return
    folder = os.open(target.parent, os.O_DIRECTORY)
    with suppress(OSError):  # some file systems know no such request for folders
        os.fsync(folder)
    os.close(folder)


@contextmanager
def work_folder(target: Path) -> Iterator[Path]:
    """A temporary folder beside a file that is to be compiled; what killed compilations left there goes."""
    for path in target.parent.glob(f'{_WORK}*'):
        if _is_left_over(path):
            shutil.rmtree(path, ignore_errors=True)
    prefix = f'{_WORK}{_machine()}-{os.getpid()}_'
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=prefix) as work:
        yield Path(work)


@contextmanager
def one_process_at_a_time(folder: Path) -> Iterator[None]:
    """Hold the lock of a folder; it goes with the process that holds it, however that ends.

    Where there are no such locks, or another process holds it for ten minutes, processes race and the last
    file stays.
    """
    if fcntl is None:
        yield
        return
    handle = os.open(folder, _OPEN | os.O_DIRECTORY)
    end = time.monotonic() + MAX_WAIT
    try:
        while time.monotonic() < end:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                time.sleep(0.05)
            except OSError:  # a file system without locks of folders
                break
        yield
    finally:
        os.close(handle)


def _is_own(state: os.stat_result, installed: bool) -> bool:
    """Whether this user, or who owns this package, alone can have written a file."""
    if not stat.S_ISREG(state.st_mode):
        return False
    if os.name != 'posix':
        return True
    owners = (os.geteuid(), os.stat(__file__).st_uid)
    return state.st_uid in owners and (installed or not state.st_mode & OTHERS_WRITE)


def _machine() -> str:
    return f'{zlib.crc32(platform.node().encode()):08x}'


def _is_left_over(path: Path) -> bool:
    """Whether a work folder is of a process that is gone."""
    name = _NAME.fullmatch(path.name)
    with suppress(OSError):
        if time.time() - path.lstat().st_mtime > _DAY:
            return True
        if name is None or name[1] != _machine() or os.name != 'posix':
            return False
        try:
            os.kill(int(name[2]), 0)
        except ProcessLookupError:
            return True
    return False
