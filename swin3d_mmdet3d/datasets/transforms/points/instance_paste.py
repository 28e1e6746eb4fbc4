"""Objects of rare classes put into scenes where they find a place."""

from __future__ import annotations

from collections import defaultdict
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from mmcv.transforms import BaseTransform
from mmdet3d.registry import TRANSFORMS

from ....array_files import read_npz_file
from ....structures.normal_points import NormalPoints
from ..argument_checks import check_count
from ..scene_joining import append_scene

NOISE = 0.05
"""Metres by which the points of one surface differ in height."""
HIGHEST_SUPPORT = 1.5
"""Metres above the lowest point up to which objects are put on things: seats and tables, not ceilings."""


@TRANSFORMS.register_module()
class InstancePaste(BaseTransform):
    """Put objects that were cut out of other scans onto the surfaces of a scene.

    The classes of the bank are drawn alike, then one of the class's objects, which is turned about z and put
    with its box's base on what lies under it, wherever the box is within the scene and no point of the scene
    is in it. One that finds no such place after ``max_tries`` random ones is left out. The scene's own points
    and labels stay as they are.

    Stands between the transforms that load masks and ``MapSemanticLabels``, as the bank has raw ids.

    Args:
        bank: Folder that ``make_instance_bank`` wrote.
        num_instances: How many objects are drawn for a scene.
        max_tries: Places that are tried for each.

    Source: LGround, arXiv 2204.07761; ``add_instances_to_cloud`` of lib/datasets/scannet.py of
        github.com/RozDavid/LanguageGroundedSemseg (3af87e9), which draws places on a map of the highest
        points, where a room with a ceiling has none, keeps off the scene's boxes and gives up by putting the
        object there nevertheless.
    """

    def __init__(self, bank: str, num_instances: int = 5, max_tries: int = 50) -> None:
        self.bank = bank
        self.num_instances = check_count('num_instances', num_instances)
        self.max_tries = check_count('max_tries', max_tries)

    @cached_property
    def files(self) -> list[list[Path]]:
        """The files of each class.

        Raises:
            ValueError: If the bank has none.
        """
        classes: defaultdict[str, list[Path]] = defaultdict(list)
        for path in sorted(Path(self.bank).glob('*/*.npz')):
            classes[path.parent.name].append(path)
        if not classes:
            raise ValueError(
                f'bank must be a folder that make_instance_bank wrote, got no object in {self.bank}'
            )
        return list(classes.values())

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        """Append the points and labels of the objects that find a place.

        Raises:
            ValueError: Naming the file, if it is damaged or lacks the normals that the scene has.
        """
        columns = results['points'].tensor.shape[1]
        for _ in range(self.num_instances):
            of_class = self.files[np.random.randint(len(self.files))]
            points, raw_id = read_instance(of_class[np.random.randint(len(of_class))], columns)
            points.rotate(np.random.uniform(-np.pi, np.pi), axis=2)
            xyz = points.coord.numpy().astype(np.float64)
            low, high = xyz.min(axis=0), xyz.max(axis=0)
            place = find_place(results['points'].coord.numpy(), high - low, self.max_tries)
            if place is None:
                continue
            base = np.array([*(low + high)[:2] / 2, low[2]])
            points.coord = (xyz - base + place).astype(np.float32)
            append_scene(results, _labelled(points, raw_id, results))
        return results

    def __repr__(self) -> str:
        return (
            f'{type(self).__name__}(bank={self.bank!r}, num_instances={self.num_instances}, '
            f'max_tries={self.max_tries})'
        )


def read_instance(path: Path, num_columns: int) -> tuple[NormalPoints, int]:
    """The points of an object with so many columns, 6 or 9, and its raw id.

    Raises:
        ValueError: Naming the file, if it is damaged or has fewer columns.
    """
    try:
        content = read_npz_file(path, ('points', 'raw_id'))
        points, raw_id = content['points'].astype(np.float32), int(content['raw_id'])
        if points.ndim != 2 or len(points) == 0 or points.shape[1] < num_columns:
            raise ValueError(f'points must have {num_columns} columns, got shape {points.shape}')
    except (ValueError, TypeError) as error:
        raise ValueError(f'{path} must be an object of an instance bank: {error}') from error
    return NormalPoints.from_columns(points[:, :num_columns]), raw_id


def find_place(xyz: np.ndarray, size: np.ndarray, max_tries: int) -> np.ndarray | None:
    """The middle of the base ``(3,)`` of a box that stands in a scene and holds none of its points.

    Args:
        xyz: ``(P, 3)`` metres, of the scene.
        size: ``(3,)`` metres, of the box.
        max_tries: How many points of the scene are drawn for the box to stand on.

    Returns:
        None where no drawn place is free.
    """
    low, high = xyz.min(axis=0), xyz.max(axis=0)
    half = size[:2] / 2
    for row in np.random.randint(len(xyz), size=max_tries):
        middle, height = xyz[row, :2], xyz[row, 2]
        outside = (middle - half < low[:2]).any() or (middle + half > high[:2]).any()
        if outside or height - low[2] > HIGHEST_SUPPORT:
            continue
        column = xyz[(np.abs(xyz[:, :2] - middle) <= np.maximum(half, NOISE)).all(axis=1), 2]
        ground = column[column <= height + NOISE].max()
        if not ((column > ground) & (column < ground + size[2])).any():
            return np.array([*middle, ground], dtype=np.float64)
    return None


def _labelled(points: NormalPoints, raw_id: int, scene: dict[str, Any]) -> dict[str, Any]:
    """An object as a scene with the masks of another."""
    masks = {key: scene[key] for key in ('pts_semantic_mask', 'pts_instance_mask') if key in scene}
    labels = dict(pts_semantic_mask=raw_id, pts_instance_mask=1)
    return dict(
        points=points,
        **{key: np.full(len(points), labels[key], dtype=mask.dtype) for key, mask in masks.items()},
    )
