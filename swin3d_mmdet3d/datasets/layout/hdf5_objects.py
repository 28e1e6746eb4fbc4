"""Objects in HDF5 files with the arrays ``data`` and ``label``."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from ...optional_packages import optional_package
from .object_list import ObjectList


class HDF5Objects(ObjectList):
    """The objects of some HDF5 files, one file behind the other, all in memory.

    Args:
        root: Folder of the data set.
        split: Name of the split.
        splits: The splits that there are.
        files: The files of the split.
        wanted: Name of a file of the split, for the message where there is none.

    Raises:
        ValueError: Naming the file that is missing or of another layout, or the package that reads it.
    """

    def __init__(
        self, root: Path, split: str, splits: Sequence[str], files: Sequence[Path], wanted: str
    ) -> None:
        super().__init__(root, split, splits)
        if not files:
            raise ValueError(f'{root / wanted} is missing')
        clouds, labels = zip(*(_read(path) for path in files))
        self.clouds = np.concatenate(clouds)
        self.labels = np.concatenate(labels).tolist()
        self.names = [f'{path.stem}:{row}' for path, own in zip(files, labels) for row in range(len(own))]

    def points(self, row: int) -> np.ndarray:
        """``(P, 3)`` float32."""
        return self.checked(self.clouds[row], self.root / self.names[row])


def _read(path: Path) -> tuple[np.ndarray, np.ndarray]:
    """Clouds (n, P, 3) float32 and labels (n,) int64 of a file."""
    h5py = optional_package('h5py', 'objects', f'reading {path.name}')
    if not path.is_file():
        raise ValueError(f'{path} is missing')
    try:
        with h5py.File(path, 'r') as file:
            clouds = np.asarray(file['data'], dtype=np.float32)
            labels = np.asarray(file['label']).astype(np.int64).reshape(-1)
    except (OSError, KeyError) as error:
        raise ValueError(f'{path} must be an HDF5 file with data and label: {error}') from error
    if clouds.ndim != 3 or clouds.shape[2] != 3 or len(labels) != len(clouds):
        raise ValueError(
            f'{path} must hold data (n, P, 3) and n labels, got {clouds.shape} and {labels.shape}'
        )
    return clouds, labels
