"""Turns of a scan: upright, where its up axis is another than z, and about z."""

from __future__ import annotations

import dataclasses

import numpy as np

from .scan import Scan

# Rotations: rows are the new x, y and z axes; the new z is the old axis of that name.
_TURNS = {
    'x': [[0, 1, 0], [0, 0, 1], [1, 0, 0]],
    'y': [[0, 0, 1], [1, 0, 0], [0, 1, 0]],
    'z': [[1, 0, 0], [0, 1, 0], [0, 0, 1]],
    '-x': [[0, 0, 1], [0, 1, 0], [-1, 0, 0]],
    '-y': [[1, 0, 0], [0, 0, 1], [0, -1, 0]],
    '-z': [[1, 0, 0], [0, -1, 0], [0, 0, -1]],
}
UP_AXES = tuple(_TURNS)


def turn_upright(scan: Scan, up: str) -> Scan:
    """The scan in axes whose z points up.

    Args:
        scan: The scan.
        up: The axis of `scan` that points up: x, y, z, -x, -y or -z. Depth cameras and many meshes
            have y up or down.

    Raises:
        ValueError: For another axis.
    """
    return _turned(scan, upright_turn(up))


def upright_turn(up: str) -> np.ndarray:
    """The rotation (3, 3) float64 that `turn_upright` applies: an exchange of axes with signs.

    Raises:
        ValueError: For another axis.
    """
    if up not in _TURNS:
        raise ValueError(f'up: expected one of {", ".join(UP_AXES)}, got {up!r}')
    return np.array(_TURNS[up], dtype=np.float64)


def turn_about_z(scan: Scan, angle: float) -> Scan:
    """The scan turned by `angle` in radians about the z axis, counter-clockwise from above."""
    if angle == 0:
        return scan
    c, s = np.cos(angle), np.sin(angle)
    return _turned(scan, np.array([[c, -s, 0], [s, c, 0], [0, 0, 1]]))


def _turned(scan: Scan, turn: np.ndarray) -> Scan:
    """Positions and normals multiplied by the rotation `turn` (3, 3) float64."""
    normal = scan.normal
    if normal is not None:
        normal = normal @ turn.T.astype(np.float32)
    return dataclasses.replace(scan, xyz=scan.xyz @ turn.T, normal=normal)
