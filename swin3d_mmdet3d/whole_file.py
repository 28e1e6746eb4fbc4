"""Whole files: an output file appears complete or not at all."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def whole_file(path: str | os.PathLike) -> Iterator[Path]:
    """A temporary path beside `path` to write to; it becomes `path` when the block succeeds.

    When the block raises, the temporary file is removed and `path` stays as it was.

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
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)
