"""An object that moves over the floor of a scan, frame by frame."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from mmcv.transforms import BaseTransform
from mmdet3d.registry import DATASETS, TRANSFORMS

from ....geometry.free_floor import FreeFloor
from ....geometry.normals import estimate_normals
from ..argument_checks import check_choice, check_count, check_positive, check_range
from ..point_selection import (
    add_field,
    nearest_rows,
    per_point_fields,
    point_ids,
    scene_label,
    select_points,
    set_per_point_fields,
)
from .sample_copies import copy_sample

ELSEWHERE = 100.0
"""The object's own frame lies so far above the scene, metres: its places are near none of the scene's."""
PATH_STEP = 0.1
"""Distance of the places of a path that must be free, metres."""


@dataclass(frozen=True)
class MovedObject:
    """An object and where it stands in each of T frames.

    Attributes:
        xyz: ``(P, 3)`` metres in its own frame: the axis it turns about is z, its lowest point has z = 0.
        rgb: ``(P, 3)`` in 0 .. 255.
        positions: ``(T, 3)`` metres.
        angles: ``(T,)`` radians about z.
    """

    xyz: np.ndarray
    rgb: np.ndarray
    positions: np.ndarray
    angles: np.ndarray

    def at(self, frame: int) -> np.ndarray:
        """``(P, 3)`` metres, where its points are in a frame."""
        return _turned(self.xyz, self.angles[frame]) + self.positions[frame]


@TRANSFORMS.register_module()
class InsertMovingObject(BaseTransform):
    """Let an object move along a straight line over free floor; each place of it is a frame of a sequence.

    The scene stands still and is cropped to the points around the path. The object has a size, one colour,
    a direction and a speed of its own, and turns as it goes; it is seen from all sides and hides nothing.
    A sample without room for it is skipped.

    Points of the object get ``point_ids`` above all of the scene's, the same in each frame, and their place
    in the object's own frame, 100 m above the scene, as ``source_xyz``: matchers pair them by where on the
    object they are, wherever it went. Added key: ``sequence``, the results of each frame, with the field
    ``moving`` (P,) uint8 of its points, 1 on the object. Stands behind ``SourceCoords``.

    Args:
        objects: Config of a data set whose samples have ``points`` of single objects, of any scale.
        num_frames: Frames T.
        size: Range of the object's longest edge, metres.
        step: Range of its way from frame to frame, metres.
        turn: Most that it turns from frame to frame, radians.
        clearance: Distance that it keeps from everything but the floor, metres.
        max_points: Most points of the scene that are kept, those nearest to the middle of the path.
        up: Axis that points up in ``objects``, 'y' or 'z'.
        num_tries: Paths that are tried.

    Source: arXiv 2112.02990 (4DContrast) lets synthetic shapes move through scans. How they are placed,
        coloured and moved is ours.
    """

    def __init__(
        self,
        objects: dict,
        num_frames: int = 3,
        size: Sequence[float] = (0.4, 1.2),
        step: Sequence[float] = (0.2, 0.4),
        turn: float = 0.35,
        clearance: float = 0.1,
        max_points: int = 8000,
        up: str = 'z',
        num_tries: int = 100,
    ) -> None:
        self.num_frames = check_count('num_frames', num_frames)
        self.size, self.step = check_range('size', size), check_range('step', step)
        if min(self.size[0], self.step[0]) <= 0:
            raise ValueError(f'size and step must be positive lengths, got {size!r} and {step!r}')
        self.turn = check_positive('turn', turn)
        self.clearance = check_positive('clearance', clearance)
        self.max_points = check_count('max_points', max_points)
        self.up = check_choice('up', up, ('y', 'z'))
        self.num_tries = check_count('num_tries', num_tries)
        self.objects = objects
        self._bank: Any = None

    def transform(self, results: dict[str, Any]) -> dict[str, Any] | None:
        """Add ``sequence``; None where there is no room.

        Raises:
            ValueError: Naming the scene, if its points have no ids and places (``SourceCoords``).
        """
        if point_ids(results) is None or 'source_xyz' not in results['per_point']:
            raise ValueError(
                f'{scene_label(results)}: points must have point_ids and source_xyz; SourceCoords adds them'
            )
        xyz = results['points'].coord.numpy()
        moved = self._moved_object(FreeFloor(xyz, self.size[1] + self.clearance))
        if moved is None:
            return None
        distance = np.linalg.norm(xyz - moved.positions.mean(axis=0), axis=1)
        add_field(results, 'per_point', 'moving', np.zeros(len(xyz), dtype=np.uint8))
        crop = select_points(dict(results), nearest_rows(distance, self.max_points))
        source = float(per_point_fields(results)['source_xyz'][:, 2].max()) + ELSEWHERE
        first = int(point_ids(results).max()) + 1
        results['sequence'] = [
            _with_object(copy_sample(crop), moved, frame, first, source) for frame in range(self.num_frames)
        ]
        return results

    def _moved_object(self, floor: FreeFloor) -> MovedObject | None:
        """An object of the bank on a free path."""
        if self._bank is None:
            self._bank = DATASETS.build(self.objects)
        shape = self._bank[np.random.randint(len(self._bank))]['points'].coord.numpy().astype(np.float64)
        if self.up == 'y':
            shape = shape[:, [0, 2, 1]] * [1, -1, 1]
        for _ in range(self.num_tries):
            xyz = _scaled(shape, np.random.uniform(*self.size))
            radius = np.linalg.norm(xyz[:, :2], axis=1).max() + self.clearance
            positions = self._path(floor)
            if floor.is_free(_between(positions[:, :2]), radius).all():
                rgb = np.random.uniform(0, 255, size=3) + np.random.normal(scale=10, size=(len(xyz), 3))
                angle, turn = np.random.uniform(-np.pi, np.pi), np.random.uniform(-self.turn, self.turn)
                angles = angle + turn * np.arange(self.num_frames)
                return MovedObject(xyz, np.clip(rgb, 0, 255), positions, angles)
        return None

    def _path(self, floor: FreeFloor) -> np.ndarray:
        """``(T, 3)`` places on a line from any point of the floor."""
        start = floor.floor.data[np.random.randint(floor.floor.n)]
        direction, step = np.random.uniform(-np.pi, np.pi), np.random.uniform(*self.step)
        way = step * np.arange(self.num_frames)[:, None] * [np.cos(direction), np.sin(direction)]
        return np.concatenate([start + way, np.full((self.num_frames, 1), floor.level)], axis=1)

    def __repr__(self) -> str:
        return (
            f'{type(self).__name__}(num_frames={self.num_frames}, size={self.size}, step={self.step}, '
            f'turn={self.turn}, clearance={self.clearance}, max_points={self.max_points})'
        )


def _turned(xyz: np.ndarray, angle: float) -> np.ndarray:
    """``(P, 3)`` points turned about z by an angle in radians."""
    cosine, sine = np.cos(angle), np.sin(angle)
    return xyz @ np.array([[cosine, sine, 0], [-sine, cosine, 0], [0, 0, 1]])


def _scaled(shape: np.ndarray, size: float) -> np.ndarray:
    """The shape ``(P, 3)`` with a longest edge of ``size`` metres, standing at the origin on z = 0."""
    low, high = shape.min(axis=0), shape.max(axis=0)
    middle = np.array([(low[0] + high[0]) / 2, (low[1] + high[1]) / 2, low[2]])
    return (shape - middle) * (size / max((high - low).max(), 1e-9))


def _between(places: np.ndarray) -> np.ndarray:
    """``(K, 2)`` places at most 10 cm apart along a line ``(T, 2)``."""
    length = np.linalg.norm(places[-1] - places[0])
    share = np.linspace(0, 1, int(np.ceil(length / PATH_STEP)) + 1)[:, None]
    return places[0] + share * (places[-1] - places[0])


def _with_object(
    scene: dict[str, Any], moved: MovedObject, frame: int, first: int, source: float
) -> dict[str, Any]:
    """A frame: the scene with the object where it is then, and the fields of its points."""
    xyz = moved.at(frame)
    columns = [xyz, moved.rgb]
    if scene['points'].tensor.shape[1] > 6:
        columns.append(_outward_normals(xyz))
    points = scene['points'].new_point(np.concatenate(columns, axis=1).astype(np.float32))
    own = dict(
        point_ids=first + np.arange(len(xyz)),
        source_xyz=(moved.xyz + [0, 0, source]).astype(np.float32),
        moving=np.ones(len(xyz), dtype=np.uint8),
    )
    fields = {name: values for name, values in per_point_fields(scene).items() if name in own}
    scene['points'] = scene['points'].cat([scene['points'], points])
    set_per_point_fields(
        scene, {name: np.concatenate([values, own[name]]) for name, values in fields.items()}
    )
    return scene


def _outward_normals(xyz: np.ndarray) -> np.ndarray:
    """``(P, 3)`` unit normals that turn away from the middle."""
    normals = estimate_normals(xyz)
    away = np.einsum('pc,pc->p', normals, xyz - xyz.mean(axis=0)) < 0
    return np.where(away[:, None], -normals, normals)
