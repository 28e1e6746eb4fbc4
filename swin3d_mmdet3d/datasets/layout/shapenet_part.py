"""ShapeNetPart on disk: text files with normals and parts, 16 categories of 50 parts.

``synsetoffset2category.txt``, ``train_test_split/shuffled_<split>_file_list.json`` with entries such as
``shape_data/02691156/1021a0914a7207aff927ed529ad90a11``, and ``<synset>/<object>.txt``, rows
``x y z nx ny nz part``.

Source: arXiv 1612.00593 (PointNet), section 5.1; the data with normals of PointNet++.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ...json_text import parse_json
from .object_list import ObjectList, read_lines

PARTS = {
    'Airplane': range(0, 4),
    'Bag': range(4, 6),
    'Cap': range(6, 8),
    'Car': range(8, 12),
    'Chair': range(12, 16),
    'Earphone': range(16, 19),
    'Guitar': range(19, 22),
    'Knife': range(22, 24),
    'Lamp': range(24, 28),
    'Laptop': range(28, 30),
    'Motorbike': range(30, 36),
    'Mug': range(36, 38),
    'Pistol': range(38, 41),
    'Rocket': range(41, 44),
    'Skateboard': range(44, 47),
    'Table': range(47, 50),
}
"""Category -> its parts, in the order of the labels."""


class ShapeNetPart(ObjectList):
    """The objects of 'train', 'val', 'test' or 'trainval'."""

    classes = tuple(PARTS)

    def __init__(self, root: Path, split: str) -> None:
        super().__init__(root, split, ('train', 'val', 'test', 'trainval'))
        table = [line.split() for line in read_lines(root / 'synsetoffset2category.txt')]
        label = {synset: self.classes.index(name) for name, synset in table}
        self.names = []
        for part in ('train', 'val') if split == 'trainval' else (split,):
            path = root / 'train_test_split' / f'shuffled_{part}_file_list.json'
            entries = parse_json('\n'.join(read_lines(path)))
            self.names += ['/'.join(entry.split('/')[1:]) for entry in entries]
        self.labels = [label[name.partition('/')[0]] for name in self.names]

    def points(self, row: int) -> np.ndarray:
        """``(P, 3)`` float32."""
        table, path = self._table(row)
        return self.checked(table[:, :3], path)

    def parts(self, row: int) -> np.ndarray:
        """``(P,)`` int64 parts 0 .. 49."""
        table, path = self._table(row)
        parts, own = table[:, -1].astype(np.int64), PARTS[self.classes[self.labels[row]]]
        if not np.isin(parts, own).all():
            raise ValueError(f'{path} must hold parts {list(own)}, got {np.unique(parts).tolist()}')
        return parts

    def _table(self, row: int) -> tuple[np.ndarray, Path]:
        path = self.root / f'{self.names[row]}.txt'
        try:
            table = np.loadtxt(path, dtype=np.float32, ndmin=2)
        except (OSError, ValueError) as error:
            raise ValueError(f'{path} must hold rows x y z nx ny nz part: {error}') from error
        if table.shape[1] != 7:
            raise ValueError(f'{path} must hold rows x y z nx ny nz part, got {table.shape[1]} columns')
        return table, path
