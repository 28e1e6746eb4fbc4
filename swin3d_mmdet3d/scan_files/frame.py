"""The frame of a scan's own numbers: their unit and the axis that points up; to metres and back."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

import numpy as np

from .scan import Scan
from .upright import turn_upright, upright_turn


@dataclass(frozen=True)
class ScanFrame:
    """How the numbers of a scan become metres with z up.

    Attributes:
        unit_scale: Metres of one unit, above zero.
        up: The axis that points up: x, y, z, -x, -y or -z.

    Raises:
        ValueError: For another unit or axis.
    """

    unit_scale: float = 1.0
    up: str = 'z'

    def __post_init__(self) -> None:
        if not (np.isfinite(self.unit_scale) and self.unit_scale > 0):
            raise ValueError(f'unit_scale: expected a number above zero, got {self.unit_scale}')
        upright_turn(self.up)

    def upright(self, scan: Scan) -> Scan:
        """The scan in metres with z up, coordinates in float64; the scan itself where they are so already."""
        if self == METRES_Z_UP:
            return scan
        return turn_upright(dataclasses.replace(scan, xyz=scan.xyz * self.unit_scale), self.up)

    def upright_points(self, xyz: np.ndarray) -> np.ndarray:
        """Points (..., 3) in the scan's own units and axes, in metres with z up."""
        return xyz @ upright_turn(self.up).T * self.unit_scale

    def own_points(self, xyz: np.ndarray) -> np.ndarray:
        """Points (..., 3) in metres with z up, in the scan's own units and axes."""
        return xyz @ upright_turn(self.up) / self.unit_scale

    def upright_lengths(self, size: np.ndarray) -> np.ndarray:
        """Edge lengths (..., 3) along the scan's own axes in its units, along upright axes in metres."""
        return size @ np.abs(upright_turn(self.up)).T * self.unit_scale

    def own_lengths(self, size: np.ndarray) -> np.ndarray:
        """Edge lengths (..., 3) along upright axes in metres, along the scan's own axes in its units."""
        return size @ np.abs(upright_turn(self.up)) / self.unit_scale

    @property
    def told(self) -> str:
        """The unit and the up axis in words."""
        unit = 'metres' if self.unit_scale == 1 else f'units of {self.unit_scale:g} m'
        return f'{unit}, {self.up} up'


METRES_Z_UP = ScanFrame()
