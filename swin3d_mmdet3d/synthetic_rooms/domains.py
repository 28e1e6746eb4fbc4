"""The three kinds of data that rooms are written as: class ids, names, splits, sensor styles."""

from __future__ import annotations

from dataclasses import dataclass

from ..datasets.class_lists import (
    S3DIS,
    S3DIS_BOXES,
    SCANNET,
    SCANNET_BOXES,
    STRUCTURED3D,
    ClassList,
)

# Kind of object -> (class of S3DIS, NYU40 id in ScanNet, NYU40 id in Structured3D).
# An id outside a benchmark's class list is written as it is and ignored in training.
KINDS = {
    'ceiling': ('ceiling', 22, 22),
    'floor': ('floor', 2, 2),
    'wall': ('wall', 1, 1),
    'beam': ('beam', 38, 38),
    'column': ('column', 38, 38),
    'window': ('window', 9, 9),
    'door': ('door', 8, 8),
    'table': ('table', 7, 7),
    'desk': ('table', 14, 14),
    'chair': ('chair', 5, 5),
    'sofa': ('sofa', 6, 6),
    'bookcase': ('bookcase', 10, 15),
    'board': ('board', 30, 40),
    'bed': ('clutter', 4, 4),
    'cabinet': ('clutter', 3, 3),
    'counter': ('clutter', 12, 3),
    'dresser': ('clutter', 17, 17),
    'night_stand': ('clutter', 32, 32),
    'curtain': ('clutter', 16, 16),
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
    'picture': ('clutter', 11, 11),
    'monitor': ('clutter', 40, 40),
    'books': ('clutter', 23, 40),
    'bottle': ('clutter', 40, 40),
    'boxes': ('clutter', 29, 40),
    'bag': ('clutter', 37, 40),
    'plant': ('clutter', 40, 40),
}


@dataclass(frozen=True)
class SensorStyle:
    """How a sensor sees a room.

    Attributes:
        stations: Fewest and most scanner positions.
        eye_height: Lowest and highest scanner position above the floor, metres.
        elevation: Lowest and highest angle of view above the horizon, radians.
        max_range: Farthest point seen, metres.
        min_cosine: Grazing limit: smallest cosine between ray and normal.
        position_noise: Standard deviation of the points along the ray, metres.
        color_noise: Standard deviation of the colour of a point, of 255.
        blotches: Strength of smooth colour errors, 0..1.
        dropouts: Share of the room lost in holes, 0..1.
        depth_noise: Depth error of frames in metres at 1 m; grows with depth squared.
        exposure_spread: Spread of a scene's exposure and white balance.
    """

    stations: tuple[int, int]
    eye_height: tuple[float, float]
    elevation: tuple[float, float]
    max_range: float
    min_cosine: float
    position_noise: float
    color_noise: float
    blotches: float
    dropouts: float
    depth_noise: float
    exposure_spread: float


@dataclass(frozen=True)
class Domain:
    """One kind of data set.

    Attributes:
        name: 's3dis', 'scannet' or 'structured3d'.
        column: Which entry of KINDS holds the class.
        classes: Classes of the boxes, in the order of their labels.
        room_types: Functional types, taken in turn; the second name is the one in scene names.
        public_building: See room_programs.build_room.
        sensor: How the rooms are seen.
    """

    name: str
    column: int
    classes: ClassList
    room_types: tuple[tuple[str, str], ...]
    public_building: bool
    sensor: SensorStyle

    def raw_id(self, kind: str) -> int:
        """Id of a kind of object in this domain's semantic masks."""
        entry = KINDS[kind][self.column]
        return S3DIS.raw_ids[S3DIS.names.index(entry)] if self.name == 's3dis' else entry

    def box_label(self, kind: str) -> int | None:
        """Label of a kind of object among the boxes, or None where it gets no box."""
        if self.name == 'structured3d' and kind in ('wall', 'floor', 'ceiling', 'beam', 'column'):
            return None
        raw_id = self.raw_id(kind)
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
        SensorStyle((3, 6), (1.4, 1.7), (-1.4, 1.4), 12.0, 0.05, 0.006, 6, 0.06, 0.04, 0.003, 0.08),
    ),
    'scannet': Domain(
        'scannet',
        1,
        SCANNET_BOXES,
        _HOMES,
        False,
        SensorStyle((18, 30), (1.1, 1.7), (-1.25, 0.35), 4.0, 0.15, 0.010, 9, 0.16, 0.12, 0.006, 0.14),
    ),
    'structured3d': Domain(
        'structured3d',
        2,
        STRUCTURED3D,
        _HOMES,
        False,
        SensorStyle((3, 6), (1.4, 1.7), (-1.5, 1.5), 20.0, 0.15, 0.0, 0, 0.0, 0.0, 0.0, 0.05),
    ),
}
