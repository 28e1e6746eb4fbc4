"""Layouts of objects by name, and how many objects their published splits have."""

from __future__ import annotations

import functools
from collections.abc import Callable
from pathlib import Path

from .modelnet40 import ModelNet40HDF5, ModelNet40Meshes, ModelNet40Text
from .object_list import ObjectList
from .scanobjectnn import ScanObjectNN
from .shapenet55 import ShapeNet55
from .shapenet_part import ShapeNetPart

OBJECT_LAYOUTS: dict[str, Callable[[Path, str], ObjectList]] = {
    'modelnet40-txt': ModelNet40Text,
    'modelnet40-h5': ModelNet40HDF5,
    'modelnet40-off': ModelNet40Meshes,
    'shapenet55': ShapeNet55,
    'scanobjectnn-obj-bg': functools.partial(ScanObjectNN, variant='obj-bg'),
    'scanobjectnn-obj-only': functools.partial(ScanObjectNN, variant='obj-only'),
    'scanobjectnn-pb-t50-rs': functools.partial(ScanObjectNN, variant='pb-t50-rs'),
    'shapenetpart': ShapeNetPart,
}

PUBLISHED_COUNTS: dict[str, tuple[int, dict[str, int]]] = {
    'modelnet40-txt': (40, {'train': 9843, 'test': 2468}),
    'modelnet40-h5': (40, {'train': 9840, 'test': 2468}),
    'modelnet40-off': (40, {'train': 9843, 'test': 2468}),
    'shapenet55': (55, {'train': 41952, 'test': 10518}),
    'scanobjectnn-obj-bg': (15, {'train': 2309, 'test': 581}),
    'scanobjectnn-obj-only': (15, {'train': 2309, 'test': 581}),
    'scanobjectnn-pb-t50-rs': (15, {'train': 11416, 'test': 2882}),
    'shapenetpart': (16, {'trainval': 14007, 'test': 2874}),
}
"""Layout -> classes, and objects of each split, of the published data."""


def open_objects(layout: str, root: Path, split: str) -> ObjectList:
    """The objects of a split in a layout, a name in OBJECT_LAYOUTS.

    Raises:
        ValueError: Naming ``layout``, ``split`` or what is missing on disk.
    """
    if layout not in OBJECT_LAYOUTS:
        raise ValueError(f'layout must be one of {", ".join(OBJECT_LAYOUTS)}, got {layout!r}')
    return OBJECT_LAYOUTS[layout](root, split)
