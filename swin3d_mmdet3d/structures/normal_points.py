"""Depth points whose normals follow every rotation, flip and scaling."""

from __future__ import annotations

import numpy as np
import torch
from mmdet3d.structures.points import DepthPoints
from torch import Tensor

COLOR_DIMS = [3, 4, 5]
NORMAL_DIMS = [6, 7, 8]


class NormalPoints(DepthPoints):
    """Points in depth coordinates with attributes 'color' and, where present, 'normal'.

    mmdet3d's points rotate and flip their first three columns alone. Its transforms (GlobalAlignment,
    RandomFlip3D, GlobalRotScaleTrans with and without boxes) go through these methods, so that overriding
    them keeps the normals right everywhere.
    """

    @classmethod
    def from_columns(cls, columns: np.ndarray | Tensor) -> NormalPoints:
        """Name the columns of a cloud.

        Args:
            columns: ``(P, 6)`` xyz [m], rgb; or ``(P, 9)`` with unit normals behind.

        Raises:
            ValueError: If there are neither 6 nor 9 columns.
        """
        if columns.ndim != 2 or columns.shape[1] not in (6, 9):
            raise ValueError(f'columns must be (P, 6) or (P, 9), got {tuple(columns.shape)}')
        attribute_dims = {'color': list(COLOR_DIMS)}
        if columns.shape[1] == 9:
            attribute_dims['normal'] = list(NORMAL_DIMS)
        return cls(columns, points_dim=columns.shape[1], attribute_dims=attribute_dims)

    @property
    def normal(self) -> Tensor | None:
        """Unit normals ``(P, 3)``, or None where the points have none."""
        if not self.attribute_dims or 'normal' not in self.attribute_dims:
            return None
        return self.tensor[:, self.attribute_dims['normal']]

    @normal.setter
    def normal(self, normal: Tensor) -> None:
        if self.normal is None:
            raise ValueError('normal must be among the attributes to be set, got points without normals')
        if tuple(normal.shape) != (len(self), 3):
            raise ValueError(f'normal must be ({len(self)}, 3), got {tuple(normal.shape)}')
        self.tensor[:, self.attribute_dims['normal']] = normal.to(self.tensor)

    def rotate(self, rotation: Tensor | np.ndarray | float, axis: int | None = None) -> Tensor:
        """Rotate positions and normals; arguments and result are those of ``DepthPoints.rotate``."""
        rotation_transposed = super().rotate(rotation, axis)
        if self.normal is not None:
            self.normal = self.normal @ rotation_transposed.to(self.tensor)
        return rotation_transposed

    def flip(self, bev_direction: str = 'horizontal') -> None:
        """Flip x ('horizontal') or y ('vertical') of positions and normals."""
        super().flip(bev_direction)
        if self.normal is not None:
            column = self.attribute_dims['normal'][0 if bev_direction == 'horizontal' else 1]
            self.tensor[:, column] = -self.tensor[:, column]

    def scale(self, scale_factor: float | Tensor | np.ndarray) -> None:
        """Scale positions, by one factor or one per axis; normals turn with the surface and stay unit.

        Raises:
            ValueError: If a factor is zero or not finite, or there are neither 1 nor 3.
        """
        factor = torch.as_tensor(scale_factor, dtype=torch.float64).flatten()
        if factor.numel() not in (1, 3) or not bool(torch.isfinite(factor).all() & (factor != 0).all()):
            raise ValueError(
                f'scale_factor must be 1 or 3 finite factors other than zero, got {scale_factor}'
            )
        self.tensor[:, :3] *= factor.to(self.tensor)
        if self.normal is None or (factor.numel() == 1 and bool(factor > 0)):
            return
        # Normals are covectors: they transform by the inverse transpose of the scaling.
        normal = self.normal / factor.to(self.tensor)
        self.normal = torch.nn.functional.normalize(normal, dim=1)
