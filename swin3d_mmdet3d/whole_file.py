"""Whole files: an output file, or several together, appear complete or not at all."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
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
        for file in sorted(drafts.folder.iterdir()):
            os.replace(file, folder / file.name)
            drafts.written.append(folder / file.name)
