"""Class names, palettes and mask ids of the three indoor benchmarks, in their official order."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class ClassList:
    """The classes of a benchmark; position in each tuple is the class label.

    Attributes:
        names: Class names, as mmdet3d's datasets spell them where they know the benchmark.
        palette: One colour per class, each channel 0..255.
        raw_ids: The id that each class has in the semantic mask files.
    """

    names: tuple[str, ...]
    palette: tuple[tuple[int, int, int], ...]
    raw_ids: tuple[int, ...]

    def __post_init__(self) -> None:
        for name, values in vars(self).items():
            if not isinstance(values, (tuple, list)):
                raise TypeError(f'{name} of a ClassList must be a tuple, got {type(values).__name__}')
        if not all(isinstance(number, int) for number in self.raw_ids):
            raise TypeError(f'raw_ids of a ClassList must be ints, got {self.raw_ids}')
        lengths = (len(self.names), len(self.palette), len(self.raw_ids))
        if len(set(lengths)) != 1:
            raise ValueError(
                'names, palette and raw_ids of a ClassList must have one length, '
                f'got {lengths[0]}, {lengths[1]} and {lengths[2]}'
            )
        if len(set(self.raw_ids)) != len(self.raw_ids):
            raise ValueError(f'raw_ids of a ClassList must be unique, got {self.raw_ids}')

    def __len__(self) -> int:
        return len(self.names)


# The colours that the ScanNet benchmark gives to the 40 classes of NYU; row i is id i.
NYU40_PALETTE = (
    (0, 0, 0),
    (174, 199, 232),
    (152, 223, 138),
    (31, 119, 180),
    (255, 187, 120),
    (188, 189, 34),
    (140, 86, 75),
    (255, 152, 150),
    (214, 39, 40),
    (197, 176, 213),
    (148, 103, 189),
    (196, 156, 148),
    (23, 190, 207),
    (178, 76, 76),
    (247, 182, 210),
    (66, 188, 102),
    (219, 219, 141),
    (140, 57, 197),
    (202, 185, 52),
    (51, 176, 203),
    (200, 54, 131),
    (92, 193, 61),
    (78, 71, 183),
    (172, 114, 82),
    (255, 127, 14),
    (91, 163, 138),
    (153, 98, 156),
    (140, 153, 101),
    (158, 218, 229),
    (100, 125, 154),
    (178, 127, 135),
    (120, 185, 128),
    (146, 111, 194),
    (44, 160, 44),
    (112, 128, 144),
    (96, 207, 209),
    (227, 119, 194),
    (213, 92, 176),
    (94, 106, 211),
    (82, 84, 163),
    (100, 85, 144),
)


def _nyu40(classes: dict[int, str]) -> ClassList:
    """The class list of a benchmark whose masks hold NYU40 ids."""
    return ClassList(
        names=tuple(classes.values()),
        palette=tuple(NYU40_PALETTE[raw_id] for raw_id in classes),
        raw_ids=tuple(classes),
    )


S3DIS = ClassList(
    names=(
        'ceiling',
        'floor',
        'wall',
        'beam',
        'column',
        'window',
        'door',
        'table',
        'chair',
        'sofa',
        'bookcase',
        'board',
        'clutter',
    ),
    palette=(
        (0, 255, 0),
        (0, 0, 255),
        (0, 255, 255),
        (255, 255, 0),
        (255, 0, 255),
        (100, 100, 255),
        (200, 200, 100),
        (170, 120, 200),
        (255, 0, 0),
        (200, 100, 100),
        (10, 200, 100),
        (200, 200, 200),
        (50, 50, 50),
    ),
    raw_ids=tuple(range(13)),
)

S3DIS_BOXES = ClassList(
    names=S3DIS.names[7:12],
    palette=S3DIS.palette[7:12],
    raw_ids=S3DIS.raw_ids[7:12],
)

# 'showercurtrain' is the spelling of mmdet3d's ScanNet datasets and of its info files.
SCANNET = _nyu40(
    {
        1: 'wall',
        2: 'floor',
        3: 'cabinet',
        4: 'bed',
        5: 'chair',
        6: 'sofa',
        7: 'table',
        8: 'door',
        9: 'window',
        10: 'bookshelf',
        11: 'picture',
        12: 'counter',
        14: 'desk',
        16: 'curtain',
        24: 'refrigerator',
        28: 'showercurtrain',
        33: 'toilet',
        34: 'sink',
        36: 'bathtub',
        39: 'otherfurniture',
    }
)

# Boxes of id 39 are those of all furniture without a class of its own: 1375 of the 2523 objects are bins,
# others radiators, ottomans, benches. 'garbagebin' is mmdet3d's name for it.
SCANNET_BOXES = ClassList(
    names=(*SCANNET.names[2:-1], 'garbagebin'),
    palette=SCANNET.palette[2:],
    raw_ids=SCANNET.raw_ids[2:],
)

STRUCTURED3D = _nyu40(
    {
        1: 'wall',
        2: 'floor',
        3: 'cabinet',
        4: 'bed',
        5: 'chair',
        6: 'sofa',
        7: 'table',
        8: 'door',
        9: 'window',
        11: 'picture',
        14: 'desk',
        15: 'shelves',
        16: 'curtain',
        17: 'dresser',
        18: 'pillow',
        19: 'mirror',
        22: 'ceiling',
        24: 'refrigerator',
        25: 'television',
        32: 'nightstand',
        34: 'sink',
        35: 'lamp',
        38: 'otherstructure',
        39: 'otherfurniture',
        40: 'otherprop',
    }
)
