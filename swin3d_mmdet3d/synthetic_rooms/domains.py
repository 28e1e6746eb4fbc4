"""The three kinds of data that rooms are written as: class ids, names, splits, sensor styles."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..datasets.class_lists import (
    S3DIS,
    S3DIS_BOXES,
    SCANNET,
    SCANNET_BOXES,
    STRUCTURED3D,
    ClassList,
)
from .sensors import SENSORS, Sensor

# Kind of object -> (class of S3DIS, NYU40 id in ScanNet, NYU40 id in Structured3D).
# An id outside a benchmark's class list is written as it is and ignored in training. The domains disagree
# on purpose, as annotators do: see docs/generated_rooms.md.
KINDS = {
    'ceiling': ('ceiling', 22, 22),
    'floor': ('floor', 2, 2),
    'wall': ('wall', 1, 1),
    'beam': ('beam', 38, 38),
    'column': ('column', 38, 38),
    'window': ('window', 9, 9),
    'door': ('door', 8, 8),
    'table': ('table', 7, 7),
    'desk': ('table', 14, 7),
    'chair': ('chair', 5, 5),
    'sofa': ('sofa', 6, 6),
    'bookcase': ('bookcase', 10, 15),
    'board': ('board', 30, 40),
    'bed': ('clutter', 4, 4),
    'cabinet': ('clutter', 3, 3),
    'counter': ('clutter', 12, 3),
    'dresser': ('clutter', 17, 17),
    'night_stand': ('clutter', 32, 32),
    'curtain': ('clutter', 16, 9),  # Structured3D: part of the window
    'shower_curtain': ('clutter', 28, 16),
    'refrigerator': ('clutter', 24, 24),
    'toilet': ('clutter', 33, 39),
    'bathtub': ('clutter', 36, 39),
    'sink': ('clutter', 34, 34),
    'ottoman': ('clutter', 39, 39),
    'coat_stand': ('clutter', 39, 39),
    'garbage_bin': ('clutter', 39, 40),
    'pillow': ('clutter', 18, 18),
    'mirror': ('clutter', 19, 19),
    'television': ('clutter', 25, 25),
    'lamp': ('clutter', 35, 35),
    'ceiling_light': ('clutter', 35, 35),
    'picture': ('clutter', 11, 1),  # Structured3D: painted on the wall
    'monitor': ('clutter', 40, 40),
    'books': ('clutter', 23, 40),
    'bottle': ('clutter', 40, 40),
    'boxes': ('clutter', 29, 40),
    'bag': ('clutter', 37, 40),
    'plant': ('clutter', 40, 40),
}
STRUCTURE_IDS = (1, 2, 22, 38)  # wall, floor, ceiling, beams and columns: no boxes
TABLES = ('table', 'desk', 'counter', 'cabinet', 'dresser', 'night_stand')
ON_TABLES = ('monitor', 'books', 'bottle', 'lamp')


@dataclass(frozen=True)
class Domain:
    """One kind of data set.

    Attributes:
        name: 's3dis', 'scannet' or 'structured3d'.
        column: Which entry of KINDS holds the class.
        classes: Classes of the boxes, in the order of their labels.
        room_types: Functional types, taken in turn; the second name is the one in scene names.
        public_building: See room_programs.build_room.
        family: Shapes of the furniture (see shape_families).
        sensor: How the rooms are seen.
        parts_of_tables: Whether small things on a table or counter are annotated as the table.
    """

    name: str
    column: int
    classes: ClassList
    room_types: tuple[tuple[str, str], ...]
    public_building: bool
    family: str
    sensor: Sensor
    parts_of_tables: bool = False

    def raw_id(self, kind: str) -> int:
        """Id of a kind of object in this domain's semantic masks."""
        entry = KINDS[kind][self.column]
        return S3DIS.raw_ids[S3DIS.names.index(entry)] if self.name == 's3dis' else entry

    def annotated_as(self, kinds: list[str], below: np.ndarray) -> np.ndarray:
        """(instances,) int64 instance as which each is annotated; itself, or the table that it stands on."""
        instance = np.arange(len(kinds))
        if not self.parts_of_tables:
            return instance
        part = [kind in ON_TABLES and kinds[it] in TABLES for kind, it in zip(kinds, below)]
        return np.where(part, below, instance)

    def box_label(self, kind: str) -> int | None:
        """Label of a kind of object among the boxes, or None where it gets no box."""
        raw_id = self.raw_id(kind)
        if self.name == 'structured3d' and raw_id in STRUCTURE_IDS:
            return None
        return self.classes.raw_ids.index(raw_id) if raw_id in self.classes.raw_ids else None

    @property
    def annotated_ids(self) -> tuple[int, ...]:
        """Raw ids of the classes that are segmented."""
        classes = {'s3dis': S3DIS, 'scannet': SCANNET, 'structured3d': STRUCTURED3D}
        return classes[self.name].raw_ids

    def room_type(self, index: int) -> tuple[str, str]:
        """Functional type of room `index`: type and the name used in scene names."""
        turn = index // 6 if self.name == 's3dis' else index + index // len(self.room_types)
        return self.room_types[turn % len(self.room_types)]

    def split(self, index: int) -> str:
        """Split of room `index`: an area for s3dis, else train, val or test."""
        if self.name == 's3dis':
            return f'Area_{index % 6 + 1}'
        return {3: 'val', 8: 'val', 9: 'test'}.get(index % 10, 'train')

    def is_held_out(self, index: int) -> bool:
        """Whether room `index` is of a split that no recipe trains on."""
        return self.split(index) in ('Area_5', 'val', 'test')

    def scene_name(self, index: int) -> str:
        """Name of the scene made of room `index`."""
        if self.name == 'scannet':
            return f'scene{index:04d}_00'
        if self.name == 'structured3d':
            return f'scene_{index:05d}_room_{index % 7 + 1}'
        name = self.room_type(index)[1]
        earlier = [self.room_type(it)[1] for it in range(index % 6, index, 6)]
        return f'{self.split(index)}_{name}_{earlier.count(name) + 1}'

    @property
    def splits(self) -> tuple[str, ...]:
        """Names of all splits, one info file each."""
        areas = tuple(f'Area_{k}' for k in range(1, 7))
        return areas if self.name == 's3dis' else ('train', 'val', 'test')


_HOMES = tuple((name, name) for name in ('bedroom', 'bathroom', 'kitchen', 'lounge', 'office'))

DOMAINS = {
    's3dis': Domain(
        's3dis',
        0,
        S3DIS_BOXES,
        (
            ('conference', 'conferenceRoom'),
            ('office', 'office'),
            ('lounge', 'lounge'),
            ('storage', 'storage'),
            ('office', 'office'),
            ('hallway', 'hallway'),
            ('kitchen', 'pantry'),
            ('bathroom', 'WC'),
        ),
        True,
        'office',
        SENSORS['s3dis'],
    ),
    'scannet': Domain(
        'scannet',
        1,
        SCANNET_BOXES,
        _HOMES,
        False,
        'home',
        SENSORS['scannet'],
        parts_of_tables=True,
    ),
    'structured3d': Domain(
        'structured3d',
        2,
        STRUCTURED3D,
        _HOMES,
        False,
        'cad',
        SENSORS['structured3d'],
    ),
}
