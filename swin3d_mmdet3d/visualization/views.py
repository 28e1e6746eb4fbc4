"""Views: where a camera stands to show a room, and what it cuts away to see inside."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

# A room's ceiling hides everything under it; a part of a room lower than this has none.
_CEILING_HEIGHT = 1.8
_CEILING_SHARE = 0.85
_WALL_THICKNESS = 0.3


@dataclass(frozen=True)
class View:
    """A perspective camera.

    Attributes:
        eye: Position in metres.
        target: The point in metres that lies at the picture's centre.
        up: Direction that points up in the picture; not along the line of sight.
        field_of_view: Vertical opening angle in degrees, in (0, 180).
    """

    eye: tuple[float, float, float]
    target: tuple[float, float, float]
    up: tuple[float, float, float] = (0.0, 0.0, 1.0)
    field_of_view: float = 45.0

    def axes(self) -> np.ndarray:
        """(3, 3) float64 rows: right, down and forward of the camera, orthonormal.

        Raises:
            ValueError: When eye and target coincide or `up` lies along the line of sight.
        """
        forward = np.subtract(self.target, self.eye).astype(np.float64)
        right = np.cross(forward, np.asarray(self.up, dtype=np.float64))
        if np.linalg.norm(right) < 1e-9 * max(np.linalg.norm(forward), 1e-9):
            raise ValueError(f'{self}: eye, target and up do not make a camera')
        forward /= np.linalg.norm(forward)
        right /= np.linalg.norm(right)
        return np.stack([right, np.cross(forward, right), forward])


def birds_eye_view(xyz: np.ndarray, aspect: float) -> tuple[View, np.ndarray]:
    """Look straight down into the room, its ceiling cut away and its long side across.

    Args:
        xyz: (P, 3) coordinates in metres, z up.
        aspect: Width / height of the picture.

    Returns:
        The view, and (P,) bool: which points to draw.
    """
    keep = ~_is_ceiling(xyz)
    yaw = room_yaw(xyz)
    low, high = _turned_box(xyz[keep], yaw)
    size = np.maximum(high - low, 1e-3)
    center = (low + high) / 2
    field_of_view = 40.0
    # The upper rim of the walls is nearest to the camera and must fit.
    half_height = 1.06 * max(size[1], size[0] / aspect) / 2
    distance = half_height / np.tan(np.radians(field_of_view / 2))
    eye = np.array([center[0], center[1], high[2] + distance])
    target = np.array([center[0], center[1], low[2]])
    turn = _rotation(yaw)
    view = View(tuple(turn @ eye), tuple(turn @ target), tuple(turn[:, 1]), field_of_view)
    return view, keep


def oblique_view(xyz: np.ndarray, aspect: float) -> tuple[View, np.ndarray]:
    """Look down into the room over its nearest corner, ceiling and the two near walls cut away.

    Args:
        xyz: (P, 3) coordinates in metres, z up.
        aspect: Width / height of the picture.

    Returns:
        The view, and (P,) bool: which points to draw.
    """
    yaw = room_yaw(xyz)
    turn = _rotation(yaw)
    turned = (xyz - xyz.mean(axis=0)) @ turn
    keep = ~_is_ceiling(xyz)
    low, high = turned[keep].min(axis=0), turned[keep].max(axis=0)
    if (high - low)[:2].min() > 6 * _WALL_THICKNESS:
        keep &= (turned[:, :2] > low[:2] + _WALL_THICKNESS).all(axis=1)
    center = (low + high) / 2
    towards_eye = np.array([-0.55, -0.75, 0.75])
    towards_eye /= np.linalg.norm(towards_eye)
    field_of_view = 35.0
    distance = _distance_to_fit(turned[keep] - center, towards_eye, field_of_view, aspect)
    back = xyz.mean(axis=0)
    eye = turn @ (center + distance * towards_eye) + back
    return View(tuple(eye), tuple(turn @ center + back), field_of_view=field_of_view), keep


def _distance_to_fit(
    offset: np.ndarray, towards_eye: np.ndarray, field_of_view: float, aspect: float
) -> float:
    """How far the eye stands from the target for every `offset` (P, 3) from it to be in sight."""
    right, down, forward = View(tuple(towards_eye), (0.0, 0.0, 0.0)).axes()
    slope = np.tan(np.radians(field_of_view / 2)) / 1.04
    need = np.maximum(np.abs(offset @ down), np.abs(offset @ right) / aspect) / slope
    return max(float((need - offset @ forward).max()), 0.1)


def _is_ceiling(xyz: np.ndarray) -> np.ndarray:
    """(P,) bool: the points in the top of the cloud's height, if it is as high as a room."""
    low, high = np.percentile(xyz[:, 2], [0.5, 99.5])
    if high - low < _CEILING_HEIGHT:
        return np.zeros(len(xyz), dtype=bool)
    return xyz[:, 2] > low + _CEILING_SHARE * (high - low)


def room_yaw(xyz: np.ndarray) -> float:
    """The turn about z at which the floor plan's bounding box is smallest: that of a room's walls.

    Args:
        xyz: (P, 3) coordinates in metres, z up.

    Returns:
        Radians, to 0.2 degrees; of the turns a quarter apart, the one with the long side along x.
    """
    plan = (xyz[:: max(1, len(xyz) // 5000), :2] - xyz[0, :2]).astype(np.float64)

    def box(yaw: float) -> np.ndarray:
        turned = plan @ _rotation(yaw)[:2, :2]
        return np.maximum(np.ptp(np.percentile(turned, [0.5, 99.5], axis=0), axis=0), 1e-3)

    def best_of(degrees: np.ndarray) -> float:
        return min(degrees, key=lambda yaw: np.prod(box(np.radians(yaw))))

    best = best_of(np.arange(0, 90, 2))
    best = np.radians(best_of(best + np.linspace(-2, 2, 21)))
    long_side_is_x = box(best)[0] >= box(best)[1]
    return float(best if long_side_is_x else best - np.pi / 2)


def _turned_box(xyz: np.ndarray, yaw: float) -> tuple[np.ndarray, np.ndarray]:
    """Lowest and highest corner (3,) of `xyz` in the axes turned by `yaw`."""
    turned = xyz @ _rotation(yaw)
    return turned.min(axis=0), turned.max(axis=0)


def _rotation(yaw: float) -> np.ndarray:
    """(3, 3) float64: columns are the axes turned by `yaw` about z."""
    c, s = np.cos(yaw), np.sin(yaw)
    return np.array([[c, -s, 0.0], [s, c, 0.0], [0.0, 0.0, 1.0]])
