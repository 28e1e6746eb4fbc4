"""Atomic writes: an output file, or several together, appear complete or not at all.

The first write of a process into a folder sweeps what killed processes were writing there.
"""

from __future__ import annotations

import errno
import os
import platform
import re
import shutil
import threading
import time
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

# .<stem>.<machine>-<process>.part<suffix>
_PART = re.compile(r'\..+\.([0-9a-f]{8})-(\d+)\.part(\.\w+)?')
_LONGEST_STEM = 100
_DAY = 86400
_swept: set[str] = set()
_sweeping = threading.Lock()


@contextmanager
def atomic_write(path: str | os.PathLike) -> Iterator[Path]:
    """A temporary path beside `path` to write to; it becomes `path` when the block succeeds.

    When the block raises, the temporary file is removed and `path` stays as it was. The bytes are on the disk
    before the name is, so that a power cut leaves the old file or the new one; that takes about 10 ms a file.
    An error of the system without a file's name, as of a full disk, gets that of `path`.

    Args:
        path: The file to write; its folder is made where it is missing.

    Yields:
        The path to write, with the same extension.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    _sweep_once(path.parent)
    part = _part_of(path)
    try:
        yield part
        _sync(part)
        os.replace(part, path)
        _sync(path.parent)
    except OSError as error:
        if error.filename is None and error.errno is not None:
            error.filename = str(path)
        raise
    finally:
        part.unlink(missing_ok=True)


@contextmanager
def atomic_folder(path: str | os.PathLike) -> Iterator[Path]:
    """A temporary folder beside `path` to write to; it becomes `path` when the block succeeds.

    When the block raises, the temporary folder is removed.

    Args:
        path: The folder to write, which must not hold anything yet.

    Yields:
        The folder to write to.
    """
    path = Path(path)
    with _part_folder(path) as part:
        yield part
        for file in part.iterdir():
            _sync(file)
        os.replace(part, path)
        _sync(path.parent)


@dataclass
class PendingFiles:
    """Files that `atomic_writes` is about to write.

    Attributes:
        folder: Where to write them.
        written: Their final paths, known when the block has succeeded.
    """

    folder: Path
    written: list[Path] = field(default_factory=list)


@contextmanager
def atomic_writes(folder: str | os.PathLike, stem: str) -> Iterator[PendingFiles]:
    """A temporary folder to write to; its files move to `folder` when the block succeeds.

    When the block raises, none of them appears.

    Args:
        folder: Where the files are to lie; made where it is missing.
        stem: What the files belong to, for the name of the temporary folder.
    """
    folder = Path(folder)
    with _part_folder(folder / stem) as part:
        pending = PendingFiles(part)
        yield pending
        files = sorted(part.iterdir())
        for file in files:
            _sync(file)
        for file in files:
            os.replace(file, folder / file.name)
            pending.written.append(folder / file.name)
        _sync(folder)


def sweep_parts(folder: str | os.PathLike) -> list[Path]:
    """Remove from a folder what killed processes were writing there by the functions above.

    What other processes write that still run stays, and what other machines write, until it is a day old; so
    does what cannot be removed.

    Returns:
        What was removed.
    """
    found, removed = [], []
    with suppress(OSError):
        found = [path for path in Path(folder).iterdir() if _is_left_over(path)]
    for path in found:
        with suppress(OSError):
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            else:
                path.unlink()
            removed.append(path)
    return removed


def _sweep_once(folder: Path) -> None:
    key = os.path.realpath(folder)
    with _sweeping:  # what bears this process's number is left over as long as this process wrote nothing
        if key not in _swept:
            sweep_parts(folder)
            _swept.add(key)


def _sync(path: Path) -> None:
    """Wait until a file's content, or a folder's list of names, is on the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    except OSError as error:
        # network file systems that cannot sync a folder say so by these
        if not (path.is_dir() and error.errno in (errno.EINVAL, errno.ENOTSUP)):
            raise
    finally:
        os.close(handle)


@contextmanager
def _part_folder(path: Path) -> Iterator[Path]:
    """A temporary folder beside `path`, which is gone after the block."""
    path.parent.mkdir(parents=True, exist_ok=True)
    _sweep_once(path.parent)
    part = _part_of(path)
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir()
    try:
        yield part
    finally:
        shutil.rmtree(part, ignore_errors=True)


def _part_of(path: Path) -> Path:
    """Where this process writes what is to become `path`; the longest name of a file leaves room for it."""
    suffix = path.suffix if re.fullmatch(r'\.\w{1,16}', path.suffix) else ''
    stem, name = path.stem, os.fsencode(path.name)
    if len(name) > _LONGEST_STEM:
        stem = f'{zlib.crc32(name):08x}'
    return path.with_name(f'.{stem}.{_machine()}-{os.getpid()}.part{suffix}')


def _machine() -> str:
    return f'{zlib.crc32(platform.node().encode()):08x}'


def _is_left_over(path: Path) -> bool:
    """Whether a file is a temporary one of a process that is gone, or that had this one's number."""
    part = _PART.fullmatch(path.name)
    if part is None:
        return False
    if time.time() - path.lstat().st_mtime > _DAY:
        return True
    if part[1] != _machine() or os.name != 'posix':
        return False
    if int(part[2]) == os.getpid():
        return True
    try:
        os.kill(int(part[2]), 0)
    except ProcessLookupError:
        return True
    except (PermissionError, OverflowError):  # of another user; no number of a process
        return False
    return False
