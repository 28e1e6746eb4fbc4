"""ShapeNet-55 on disk: lists of files and clouds of 8192 points.

``ShapeNet-55/train.txt`` and ``test.txt`` name files such as
``02691156-1a04e3eab45ca15dd86060f189eb133.npy``, which lie in ``shapenet_pc/``; a class is the number of its
synset.

Source: github.com/lulutang0608/Point-BERT, DATASET.md.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ...array_files import read_npy_file
from .object_list import ObjectList, read_lines


class ShapeNet55(ObjectList):
    """The objects of 'train', 'test' or, as some methods pretrain on them all, 'all'."""

    def __init__(self, root: Path, split: str) -> None:
        super().__init__(root, split, ('train', 'test', 'all'))
        lists = {name: read_lines(root / 'ShapeNet-55' / f'{name}.txt') for name in ('train', 'test')}
        # the classes of both, so that a label means the same in each
        self.classes = tuple(sorted({line.partition('-')[0] for lines in lists.values() for line in lines}))
        lines = lists['train'] + lists['test'] if split == 'all' else lists[split]
        self.names = [line.removesuffix('.npy') for line in lines]
        label = {name: number for number, name in enumerate(self.classes)}
        self.labels = [label[name.partition('-')[0]] for name in self.names]

    def points(self, row: int) -> np.ndarray:
        """``(8192, 3)`` float32."""
        path = self.root / 'shapenet_pc' / f'{self.names[row]}.npy'
        try:
            cloud = read_npy_file(path)
        except (OSError, ValueError) as error:
            raise ValueError(f'{path} must be a NumPy array of points: {error}') from error
        return self.checked(np.asarray(cloud, dtype=np.float32)[..., :3], path)
