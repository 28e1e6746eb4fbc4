"""ScanObjectNN on disk: HDF5 files of 2048 points an object, 15 classes, three variants.

``main_split/`` holds scans with their background (OBJ-BG) and the hardest variant, whose boxes are shifted,
turned and scaled (PB-T50-RS); ``main_split_nobg/`` holds objects alone (OBJ-ONLY).

Source: arXiv 1908.04616; file names as in the released data.
"""

from __future__ import annotations

from pathlib import Path

from .hdf5_objects import HDF5Objects

CLASSES = (
    'bag',
    'bin',
    'box',
    'cabinet',
    'chair',
    'desk',
    'display',
    'door',
    'shelf',
    'table',
    'bed',
    'pillow',
    'sink',
    'sofa',
    'toilet',
)
VARIANTS = {
    'obj-bg': ('main_split', '_objectdataset.h5'),
    'obj-only': ('main_split_nobg', '_objectdataset.h5'),
    'pb-t50-rs': ('main_split', '_objectdataset_augmentedrot_scale75.h5'),
}
"""Variant -> its folder and the end of its files' names."""


class ScanObjectNN(HDF5Objects):
    """The objects of a variant, a name in VARIANTS."""

    classes = CLASSES

    def __init__(self, root: Path, split: str, variant: str) -> None:
        folder, ending = VARIANTS[variant]
        name = {'train': 'training'}.get(split, split) + ending
        path = root / folder / name
        super().__init__(root, split, ('train', 'test'), [path], f'{folder}/{name}')
