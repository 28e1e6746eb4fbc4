"""Class names, palettes and mask ids of the three indoor benchmarks, in their official order.

The palettes are made to be told apart; those that the benchmarks publish are in `official_palettes`.
"""

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


# Colours of NYU40 ids near those that ScanNet gives them, moved apart so that classes of one list differ.
NYU40_COLORS = {
    1: (160, 190, 255),
    2: (116, 246, 160),
    3: (43, 107, 122),
    4: (255, 198, 141),
    5: (199, 223, 0),
    6: (146, 75, 70),
    7: (255, 129, 131),
    8: (244, 14, 27),
    9: (224, 169, 255),
    10: (139, 116, 240),
    11: (175, 140, 118),
    12: (4, 168, 164),
    14: (253, 204, 217),
    15: (11, 178, 43),
    16: (202, 208, 166),
    17: (179, 23, 201),
    18: (193, 160, 1),
    19: (2, 171, 215),
    22: (69, 8, 168),
    24: (255, 123, 0),
    25: (77, 160, 135),
    28: (67, 224, 255),
    32: (27, 84, 181),
    33: (42, 161, 40),
    34: (126, 133, 130),
    35: (44, 221, 221),
    36: (226, 97, 174),
    38: (125, 117, 248),
    39: (110, 106, 137),
    40: (107, 54, 98),
}


def _nyu40(classes: dict[int, str]) -> ClassList:
    """The class list of a benchmark whose masks hold NYU40 ids."""
    return ClassList(
        names=tuple(classes.values()),
        palette=tuple(NYU40_COLORS[raw_id] for raw_id in classes),
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
    # Near those of mmdet3d, moved apart.
    palette=(
        (0, 255, 77),
        (0, 0, 224),
        (0, 255, 255),
        (255, 251, 0),
        (255, 49, 255),
        (95, 116, 255),
        (172, 159, 90),
        (136, 83, 131),
        (222, 0, 0),
        (221, 128, 138),
        (0, 164, 109),
        (182, 184, 211),
        (255, 132, 6),
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
