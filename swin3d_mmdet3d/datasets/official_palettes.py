"""Official palettes: the colours that benchmarks publish, for pictures beside those of others."""

from __future__ import annotations

from collections.abc import Sequence

from mmdet3d.datasets import SUNRGBDDataset

from .class_lists import S3DIS, S3DIS_BOXES, SCANNET, SCANNET_BOXES, STRUCTURED3D, ClassList
from .scannet200 import SCANNET200

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

# Those of mmdet3d's datasets.
S3DIS_PALETTE = (
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
)


def _of_ids(classes: ClassList) -> dict[str, tuple[int, int, int]]:
    return {name: NYU40_PALETTE[raw_id] for name, raw_id in zip(classes.names, classes.raw_ids)}


_OFFICIAL = {
    S3DIS.names: dict(zip(S3DIS.names, S3DIS_PALETTE)),
    S3DIS_BOXES.names: dict(zip(S3DIS_BOXES.names, S3DIS_PALETTE[7:12])),
    SCANNET.names: _of_ids(SCANNET),
    SCANNET_BOXES.names: _of_ids(SCANNET_BOXES),
    STRUCTURED3D.names: _of_ids(STRUCTURED3D),
    SCANNET200.names: dict(zip(SCANNET200.names, SCANNET200.palette)),
    tuple(SUNRGBDDataset.METAINFO['classes']): dict(
        zip(SUNRGBDDataset.METAINFO['classes'], map(tuple, SUNRGBDDataset.METAINFO['palette']))
    ),
}


def official_colors(names: Sequence[str]) -> dict[str, tuple[int, int, int]]:
    """The published colour of each class of a benchmark.

    Args:
        names: All classes of the benchmark, in its order.

    Raises:
        ValueError: For other classes.
    """
    if tuple(names) not in _OFFICIAL:
        raise ValueError(
            "metainfo: palette 'official' is of the classes of S3DIS, ScanNet, ScanNet200, Structured3D and "
            f'SUN RGB-D, got {", ".join(names) or "none"}'
        )
    return _OFFICIAL[tuple(names)]
