"""A camera that is carried through a scan and sees a part of it at each step."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ....geometry.camera import intrinsic_matrix, look_at
from ....geometry.visibility import visible_points
from ..argument_checks import check_positive

FLOOR_SHARE = 0.01
"""Share of the points that may lie below the floor: outliers of a scan."""
STANDING = 0.3
"""Height above the floor, metres, up to which a point shows that somebody could stand there."""
PLACES = 20
"""Places to try for the first frame; the one farthest from all points is taken where each is too near."""


@dataclass(frozen=True)
class VirtualCamera:
    """A camera in somebody's hand: level or looking down a little, at the height of a chest or an eye.

    Attributes:
        spacing: How far neighbouring points of a scanned surface lie apart at most, metres.
        step: Way between two frames, metres; it stays where it would come too near to a point.
        turn: Angle between two frames, radians, to one side throughout.
        view: Horizontal angle of view, radians.
        clearance: Least distance to any point, metres.
        size: Width and height of the image, pixels.
    """

    spacing: float
    step: float = 0.25
    turn: float = 0.35
    view: float = 1.57
    clearance: float = 0.4
    size: tuple[int, int] = (160, 120)

    def __post_init__(self) -> None:
        for name in ('spacing', 'step', 'turn', 'clearance', 'view'):
            check_positive(name, getattr(self, name))

    def walk(self, xyz: np.ndarray, num_frames: int) -> list[np.ndarray]:
        """Draw a walk over the floor of a scan.

        Args:
            xyz: (P, 3) metres, z up, P at least 1.
            num_frames: Frames T.

        Returns:
            The (4, 4) camera-to-world matrix of each frame.
        """
        eye = self._start(xyz)
        heading, gaze = np.random.uniform(-np.pi, np.pi, 2)
        pitch = np.random.uniform(-0.5, 0.0)
        turn = self.turn * np.random.choice([-1, 1])
        way = self.step * np.array([np.cos(heading), np.sin(heading), 0.0])
        poses = []
        for number in range(num_frames):
            angle = gaze + number * turn
            toward = np.array([np.cos(angle), np.sin(angle), np.tan(pitch)])
            poses.append(look_at(eye, eye + toward))
            if _distance_to_nearest(xyz, eye + way) >= self.clearance:
                eye = eye + way
        return poses

    def see(self, xyz: np.ndarray, pose: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """``(P,)`` bool, which points lie in the view of a frame, and ``(P,)`` bool, which it sees."""
        return visible_points(xyz, pose, intrinsic_matrix(*self.size, self.view), self.size, self.spacing)

    def _start(self, xyz: np.ndarray) -> np.ndarray:
        """A place ``(3,)`` above the floor."""
        floor = np.quantile(xyz[:, 2], FLOOR_SHARE)
        spots = xyz[xyz[:, 2] <= floor + STANDING]
        best, most = None, -1.0
        for _ in range(PLACES):
            spot, height = spots[np.random.randint(len(spots))], np.random.uniform(1.2, 1.7)
            eye = np.array([spot[0], spot[1], floor + height])
            distance = _distance_to_nearest(xyz, eye)
            if distance > most:
                best, most = eye, distance
            if most >= self.clearance:
                break
        return best


def _distance_to_nearest(xyz: np.ndarray, place: np.ndarray) -> float:
    return float(np.sqrt(((xyz - place) ** 2).sum(axis=1).min()))
