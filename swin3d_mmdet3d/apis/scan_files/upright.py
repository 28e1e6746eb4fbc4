"""Upright: turn a scan whose up axis is another than z."""

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
        scan: the scan.
        up: the axis of `scan` that points up: x, y, z, -x, -y or -z. Depth cameras and many meshes
            have y up or down.

    Raises:
        ValueError: for another axis.
    """
    if up not in _TURNS:
        raise ValueError(f'up: expected one of {", ".join(UP_AXES)}, got {up!r}')
    turn = np.array(_TURNS[up], dtype=np.float64)
    normal = scan.normal
    if normal is not None:
        normal = normal @ turn.T.astype(np.float32)
    return dataclasses.replace(scan, xyz=scan.xyz @ turn.T, normal=normal)
