"""Features of a whole region of space, read by trilinear interpolation."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import product

import torch
from torch import Tensor


@dataclass(frozen=True, eq=False)
class FeatureVolume:
    """A dense grid of cubic cells over each scene of a batch, whose features lie at the cells' centres.

    Places are in base voxels, as the signal 'xyz' of :class:`SparseVoxels`.

    Attributes:
        grid: ``(B, C, X, Y, Z)`` features of the cells, at least two cells along each axis.
        corner: ``(B, 3)`` the place of the grid's lowest corner in each scene; the centre of cell (0, 0, 0)
            lies half a cell above it.
        cell: Edge of a cell in base voxels.
        num_outside: ``()`` int64, how many voxels lay outside of the grid and are not in it.
    """

    grid: Tensor
    corner: Tensor
    cell: int
    num_outside: Tensor

    @property
    def shape(self) -> tuple[int, int, int]:
        """Cells along x, y and z."""
        return tuple(self.grid.shape[2:])

    def contains(self, batch: Tensor, xyz: Tensor) -> Tensor:
        """Which places lie within the grid: ``(Q,)`` bool; arguments are those of :meth:`sample`."""
        place = self._in_cells(batch, xyz)
        return ((place >= 0) & (place <= place.new_tensor(self.shape))).all(dim=1)

    def within_cell(self, batch: Tensor, xyz: Tensor) -> Tensor:
        """Where in its cell each place lies: ``(Q, 3)`` in [-0.5, 0.5); arguments as of :meth:`sample`."""
        place = self._in_cells(batch, xyz)
        return place - place.detach().floor() - 0.5

    def sample(self, batch: Tensor, xyz: Tensor) -> Tensor:
        """Features ``(Q, C)`` at any places, out of the eight cells around each.

        Linear between the centres, constant beyond the outermost ones; differentiable twice in the grid and
        the places, on any device.

        Args:
            batch: ``(Q,)`` int64, the scene of each place.
            xyz: ``(Q, 3)`` places in base voxels.
        """
        last = self.corner.new_tensor(self.shape).to(xyz) - 1
        place = (self._in_cells(batch, xyz) - 0.5).clamp(xyz.new_zeros(3), last)
        low = place.detach().floor().minimum(last - 1)
        upper = place - low
        index = low.long()
        _, span_y, span_z = self.shape
        found = xyz.new_zeros(())
        for step in product((0, 1), repeat=3):
            x, y, z = (index + index.new_tensor(step)).unbind(dim=1)
            row = ((batch * self.shape[0] + x) * span_y + y) * span_z + z
            weight = torch.where(index.new_tensor(step).bool(), upper, 1 - upper).prod(dim=1)
            found = found + self._rows[row] * weight[:, None]
        return found

    def _in_cells(self, batch: Tensor, xyz: Tensor) -> Tensor:
        return (xyz - self.corner.to(xyz)[batch]) / self.cell

    @cached_property
    def _rows(self) -> Tensor:
        """The features with a row for each cell, ``(B X Y Z, C)``."""
        return self.grid.movedim(1, -1).flatten(0, 3)
