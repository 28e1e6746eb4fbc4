"""Class names as vectors of a frozen text encoder, in a file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from swin3d_ops.arguments import check_floats
from torch import Tensor

from ..array_files import read_npz_file
from ..atomic_write import atomic_write

TABLE_FOLDER = Path(__file__).parent / 'text_tables'
"""Tables that travel with the package."""


@dataclass(frozen=True, eq=False)
class TextTable:
    """Vectors of class names.

    Attributes:
        names: K distinct names.
        vectors: ``(K, T)`` float32, unit length.
        encoder: What made the vectors, with the template the names were put in.

    Raises:
        TypeError: If names are no texts or vectors no dense tensor of floats.
        ValueError: If names repeat or ``vectors`` are not one finite non-zero row per name.
    """

    names: tuple[str, ...]
    vectors: Tensor
    encoder: str

    def __post_init__(self) -> None:
        check_names('names of a text table', self.names)
        check_floats('vectors of a text table', self.vectors)
        repeated = sorted({name for name in self.names if self.names.count(name) > 1})
        if repeated or not self.names:
            raise ValueError(f'names of a text table must be distinct, at least one, got {repeated} twice')
        if self.vectors.ndim != 2 or len(self.vectors) != len(self.names):
            raise ValueError(
                f'vectors must be one row for each of {len(self.names)} names, '
                f'got shape {tuple(self.vectors.shape)}'
            )
        length = self.vectors.float().norm(dim=1)
        if not bool(torch.isfinite(length).all()) or not bool((length > 0).all()):
            raise ValueError('vectors must be finite and not zero')
        object.__setattr__(self, 'vectors', self.vectors.float() / length[:, None])

    def rows(self, names: Sequence[str]) -> Tensor:
        """Row of each name, ``(len(names),)`` int64.

        Raises:
            ValueError: Naming the names that the table lacks or that ``names`` repeats.
        """
        check_names('names', names)
        missing = [name for name in names if name not in self.names]
        if missing:
            raise ValueError(f'names must be in the text table of {self.encoder}, got {missing}')
        repeated = sorted({name for name in names if list(names).count(name) > 1})
        if repeated:
            raise ValueError(f'names must be distinct, got {repeated} twice')
        return torch.tensor([self.names.index(name) for name in names])


def check_names(what: str, names: Sequence[str]) -> None:
    """Raise TypeError unless the names are a sequence of texts; one text is none."""
    if isinstance(names, str) or not isinstance(names, Sequence):
        raise TypeError(f'{what} must be a sequence of texts, got {type(names).__name__}')
    strange = [name for name in names if not isinstance(name, str)]
    if strange:
        raise TypeError(f'{what} must be texts, got {strange[0]!r:.60}')


def load_text_table(path: str | Path) -> TextTable:
    """Read a table: a path, or the name of one that travels with the package.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: Naming the file, if it lacks an entry or is damaged.
    """
    path = Path(path)
    file = path if path.exists() else TABLE_FOLDER / path.name
    if not file.exists():
        known = sorted(table.name for table in TABLE_FOLDER.glob('*.npz'))
        raise FileNotFoundError(f'text table {path} must be a file or one of {known}')
    try:
        content = read_npz_file(file, ('names', 'vectors', 'encoder'))
        vectors = torch.from_numpy(content['vectors'].astype(np.float32))
    except ValueError as error:
        raise ValueError(f'text table {file} must hold names, vectors and encoder: {error}') from error
    return TextTable(tuple(map(str, content['names'].ravel())), vectors, str(content['encoder']))


def save_text_table(table: TextTable, path: str | Path) -> None:
    """Write a table as an ``.npz`` file, whole or not at all."""
    with atomic_write(path) as part:
        np.savez(
            part,
            names=np.array(table.names),
            vectors=table.vectors.numpy().astype(np.float32),
            encoder=np.array(table.encoder),
        )
