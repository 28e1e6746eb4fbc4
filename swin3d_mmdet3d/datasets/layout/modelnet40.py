"""ModelNet40 on disk, in its three published forms: text files with normals, HDF5 files, OFF meshes.

- ``modelnet40_normal_resampled/``: ``modelnet40_shape_names.txt``, ``modelnet40_train.txt``,
  ``modelnet40_test.txt`` and ``<class>/<class>_0001.txt``, rows ``x,y,z,nx,ny,nz``; also written here;
- ``modelnet40_ply_hdf5_2048/``: ``shape_names.txt``, ``ply_data_train0.h5`` and so on, ``data (n, 2048, 3)``
  and ``label (n, 1)``;
- ``ModelNet40/``: ``<class>/train/<class>_0001.off``.

Source: github.com/charlesq34/pointnet2 and pointnet, and modelnet.cs.princeton.edu.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from ...atomic_write import atomic_write
from ...geometry.triangles import sample_triangles
from .hdf5_objects import HDF5Objects
from .object_list import ObjectList, read_lines

NAMES_FILE = 'modelnet40_shape_names.txt'
OFF_POINTS = 8192


def cloud_path(root: Path, name: str) -> Path:
    """The text file of an object, in the folder of its class."""
    return root / class_of(name) / f'{name}.txt'


def class_of(name: str) -> str:
    """The class in an object's name: ``night_stand`` of ``night_stand_0001``."""
    return name.rpartition('_')[0]


def write_cloud(root: Path, name: str, points: np.ndarray) -> Path:
    """Write ``(P, 6)`` points and normals as a text file with six decimals; return it."""
    path = cloud_path(root, name)
    with atomic_write(path) as part:
        np.savetxt(part, points, fmt='%.6f', delimiter=',')
    return path


def write_lists(root: Path, classes: Sequence[str], splits: Mapping[str, Sequence[str]]) -> None:
    """Write the lists of objects of each split, then that of the classes, which calls the data set whole."""
    lists = {f'modelnet40_{split}.txt': names for split, names in splits.items()}
    for file, lines in {**lists, NAMES_FILE: classes}.items():
        with atomic_write(root / file) as part:
            part.write_text(''.join(f'{line}\n' for line in lines))


class ModelNet40Text(ObjectList):
    """Text files with normals, of which the positions are read."""

    def __init__(self, root: Path, split: str) -> None:
        super().__init__(root, split, ('train', 'test'))
        self.classes = tuple(read_lines(root / NAMES_FILE))
        self.names = read_lines(root / f'modelnet40_{split}.txt')
        label = {name: number for number, name in enumerate(self.classes)}
        unknown = sorted({class_of(name) for name in self.names} - set(label))
        if unknown:
            raise ValueError(f'{root / NAMES_FILE} must name the classes of all objects, it lacks {unknown}')
        self.labels = [label[class_of(name)] for name in self.names]

    def points(self, row: int) -> np.ndarray:
        """``(P, 3)`` float32."""
        path = cloud_path(self.root, self.names[row])
        try:
            table = np.loadtxt(path, delimiter=',', dtype=np.float32, ndmin=2)
        except (OSError, ValueError) as error:
            raise ValueError(f'{path} must hold rows x,y,z,nx,ny,nz: {error}') from error
        return self.checked(table[:, :3], path)


class ModelNet40HDF5(HDF5Objects):
    """Files ``ply_data_<split>*.h5`` of 2048 points an object."""

    def __init__(self, root: Path, split: str) -> None:
        files = sorted(root.glob(f'ply_data_{split}*.h5'), key=lambda path: (len(path.name), path.name))
        super().__init__(root, split, ('train', 'test'), files, f'ply_data_{split}0.h5')
        self.classes = tuple(read_lines(root / 'shape_names.txt'))


class ModelNet40Meshes(ObjectList):
    """OFF meshes; of each 8192 points are drawn evenly on its surface, always the same ones."""

    def __init__(self, root: Path, split: str) -> None:
        super().__init__(root, split, ('train', 'test'))
        self.classes = tuple(sorted(path.parent.name for path in root.glob(f'*/{split}') if path.is_dir()))
        if not self.classes:
            raise ValueError(f'{root} must hold folders <class>/{split}, got none')
        files = [sorted((root / name / split).glob('*.off')) for name in self.classes]
        self.names = [path.stem for own in files for path in own]
        self.labels = [label for label, own in enumerate(files) for _ in own]

    def points(self, row: int) -> np.ndarray:
        """``(8192, 3)`` float32."""
        name = self.names[row]
        path = self.root / self.classes[self.labels[row]] / self.split / f'{name}.off'
        rng = np.random.default_rng(zlib.crc32(name.encode()))
        try:
            points, _ = sample_triangles(rng, *read_off(path), OFF_POINTS)
        except ValueError as error:
            raise ValueError(f'{path}: {error}') from error
        return self.checked(points.astype(np.float32), path)


def read_off(path: Path) -> tuple[np.ndarray, np.ndarray]:
    """Vertices ``(V, 3)`` float64 and triangles ``(F, 3)`` int64 of an OFF file; polygons become fans.

    The counts may stand behind the word OFF without a space, as in some files of ModelNet40.

    Raises:
        ValueError: Naming the file, if it is missing or no such file.
    """
    try:
        words = path.read_text().removeprefix('OFF').split() if path.is_file() else []
        num_vertices, num_faces = int(words[0]), int(words[1])
        numbers = words[3:]
        vertices = np.array(numbers[: 3 * num_vertices], dtype=np.float64).reshape(num_vertices, 3)
        rest = np.array(numbers[3 * num_vertices :], dtype=np.float64).astype(np.int64)
        triangles, place = [], 0
        for _ in range(num_faces):
            corners = rest[place + 1 : place + 1 + rest[place]]
            if len(corners) != rest[place] or not ((corners >= 0) & (corners < num_vertices)).all():
                raise ValueError(f'face {corners.tolist()} of {num_vertices} vertices')
            triangles += [[corners[0], corners[k], corners[k + 1]] for k in range(1, len(corners) - 1)]
            place += 1 + len(corners)
    except (ValueError, IndexError) as error:
        raise ValueError(f'{path} must be an OFF mesh: {error}') from error
    return vertices, np.array(triangles, dtype=np.int64).reshape(-1, 3)
