"""Whole files: an output file, or several together, appear complete or not at all."""

from __future__ import annotations

import errno
import os
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path


_PART = re.compile(r'\..+\.(\d+)\.part(\.[^.]*)?')


@contextmanager
def whole_file(path: str | os.PathLike) -> Iterator[Path]:
    """A temporary path beside `path` to write to; it becomes `path` when the block succeeds.

    When the block raises, the temporary file is removed and `path` stays as it was. The bytes are on the disk
    before the name is, so that a power cut leaves the old file or the new one; that takes about 10 ms a file.

    Args:
        path: the file to write; its folder is made where it is missing.

    Yields:
        The path to write, with the same extension.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f'.{path.stem}.{os.getpid()}.part{path.suffix}')
    try:
        yield part
        _sync(part)
        os.replace(part, path)
        _sync(path.parent)
    finally:
        part.unlink(missing_ok=True)


def sweep_parts(folder: str | os.PathLike) -> list[Path]:
    """Remove what killed processes left of files that they were writing to a folder by `whole_file`.

    Files of processes that still run, but for the caller's own, stay.

    Returns:
        The files that were removed.
    """
    parts = [(path, _PART.fullmatch(path.name)) for path in Path(folder).glob('.*.part*')]
    removed = [path for path, name in parts if name and not _another_runs(int(name[1]))]
    for path in removed:
        path.unlink(missing_ok=True)
    return removed


@dataclass
class Drafts:
    """Files that `whole_files` is about to write.

    Attributes:
        folder: where to write them.
        written: their final paths, known when the block has succeeded.
    """

    folder: Path
    written: list[Path] = field(default_factory=list)


@contextmanager
def whole_files(folder: str | os.PathLike, stem: str) -> Iterator[Drafts]:
    """A temporary folder to write to; its files move to `folder` when the block succeeds.

    When the block raises, none of them appears.

    Args:
        folder: where the files are to lie; made where it is missing.
        stem: what the files belong to, for the name of the temporary folder.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder, prefix=f'.{stem}.') as name:
        drafts = Drafts(Path(name))
        yield drafts
        files = sorted(drafts.folder.iterdir())
        for file in files:
            _sync(file)
        for file in files:
            os.replace(file, folder / file.name)
            drafts.written.append(folder / file.name)
        _sync(folder)


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


def _another_runs(process: int) -> bool:
    """Whether another process of this number runs."""
    if process == os.getpid():
        return False
    try:
        with suppress(PermissionError):  # it is somebody else's
            os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True
