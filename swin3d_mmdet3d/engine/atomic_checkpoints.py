"""Checkpoints that are written whole or not at all, and the newest whole one of a training."""

from __future__ import annotations

import logging
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from mmengine.fileio import LocalBackend, register_backend
from mmengine.logging import print_log

from ..atomic_write import atomic_write
from ..checkpoints import load_checkpoint
from ..checkpoints.archive import archive_damage, is_archive

INTERRUPTED = 'interrupted.pth'
"""Name of the checkpoint of a training that was asked to stop."""


@register_backend('atomic_write', force=True)
class AtomicWriteBackend(LocalBackend):
    """mmengine's storage of local files for ``backend_args=dict(backend='atomic_write')``."""

    def put(self, obj: bytes, filepath: str | os.PathLike) -> None:
        """Write bytes to a file, or leave it as it was.

        Raises:
            OSError: Naming the file, its size and the free space, if it cannot be written.
        """
        with atomic_checkpoint(filepath, len(obj)) as part:
            part.write_bytes(obj)


@contextmanager
def atomic_checkpoint(path: str | os.PathLike, size: int | None = None) -> Iterator[Path]:
    """:func:`atomic_write` of a file whose failure ends a training.

    Args:
        path: The file to write.
        size: Its bytes, for the message, where they are known.

    Raises:
        OSError: Naming the file, its size and the free space, if it cannot be written.
    """
    try:
        with atomic_write(path) as part:
            yield part
    except OSError as error:
        folder = Path(path).parent
        free = f', {shutil.disk_usage(folder).free} bytes free' if folder.is_dir() else ''
        what = f'{path}, {size} bytes,' if size is not None else str(path)
        raise OSError(
            error.errno, f'{what} could not be written ({error.strerror}{free}); older files are as they were'
        ) from error


def newest_whole_checkpoint(folder: Path, template: str, pointer: Path) -> Path | None:
    """The checkpoint to go on from; damaged ones are passed over with a warning.

    The newest is the one written last, that of an interruption among them. The one that mmengine's
    `last_checkpoint` names was written no later than that file, which decides where a folder was copied.

    Args:
        folder: Where the checkpoints are.
        template: Their name with '{}' for the iteration or epoch, as ``filename_tmpl`` of a checkpoint hook.
        pointer: The file `last_checkpoint`, which need not be there.

    Returns:
        The file; None where there is no checkpoint at all.

    Raises:
        ValueError: If there are checkpoints, but none of them is whole.
    """
    named = _named_by(pointer, folder)
    if named is not None and named.is_dir():  # deepspeed's
        return named
    found = _checkpoints(folder, template)
    interrupted = pointer.with_name(INTERRUPTED)
    if interrupted.is_file():
        found.append((interrupted, 0))
    written = {path: (path.stat().st_mtime_ns, step) for path, step in found}
    if named is not None and named.is_file():
        own = written.get(named, (named.stat().st_mtime_ns, 0))
        written[named] = (max(own[0], pointer.stat().st_mtime_ns), own[1])
    elif named is not None:
        _warn(f'{pointer} names {named}, which is not there')
    for path in sorted(written, key=written.get, reverse=True):
        damage = checkpoint_damage(path)
        if damage is None:
            return path
        _warn(f'checkpoint {path} is damaged and passed over: {damage}')
    if written or named is not None:
        names = ', '.join(path.name for path in written) or 'none at all'
        raise ValueError(f'{folder} must hold a whole checkpoint to resume from, got {names}')
    return None


def checkpoint_damage(path: str | os.PathLike) -> str | None:
    """What is wrong with a checkpoint file, or None where every byte is as it was written.

    Args:
        path: The file.
    """
    try:
        if is_archive(path):
            return archive_damage(path)
        load_checkpoint(path, map_location='cpu')  # of torch before 1.6
    except (OSError, ValueError) as error:
        return str(error)
    return None


def _checkpoints(folder: Path, template: str) -> list[tuple[Path, int]]:
    """Files that are named as checkpoints are, and their iteration or epoch."""
    name = re.compile(re.escape(template).replace(re.escape('{}'), r'(\d+)'))
    matches = [(path, name.fullmatch(path.name)) for path in folder.glob('*')]
    return [(path, int(match[1])) for path, match in matches if match and path.is_file()]


def _named_by(pointer: Path, folder: Path) -> Path | None:
    """The checkpoint that `last_checkpoint` names; in `folder` where it was moved there."""
    text = pointer.read_text().strip() if pointer.is_file() else ''
    if not text:
        return None
    moved = folder / Path(text).name
    return moved if moved.exists() else Path(text)


def _warn(text: str) -> None:
    print_log(text, logger='current', level=logging.WARNING)
