"""One random point for each occupied voxel."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from mmcv.transforms import BaseTransform
from mmdet3d.registry import TRANSFORMS

from ..argument_checks import check_positive
from ..point_selection import scene_label, select_points


def grid_keys(xyz: np.ndarray, voxel_size: float) -> np.ndarray:
    """Number the voxels of a cloud whose grid starts at the cloud's lowest corner.

    Args:
        xyz: ``(P, 3)`` metres.
        voxel_size: Edge of a voxel in metres.

    Returns:
        ``(P,)`` int64, equal where points share a voxel: ``floor((xyz - min) / voxel_size)`` in float64.

    Raises:
        ValueError: If the extent overflows 21 bits per axis.
    """
    # One column after the other: NumPy is several times slower on rows of three.
    columns = [xyz[:, axis].astype(np.float64) for axis in range(3)]
    keys = np.zeros(len(xyz), dtype=np.int64)
    for column in columns:
        with np.errstate(over='ignore'):
            place = (column - column.min()) / voxel_size
        # looked at before the cast, which makes other numbers of those beyond 64 bits
        if not place.max() < 1 << 21:
            raise ValueError(
                f'points must extend over fewer than {1 << 21} voxels of {voxel_size} m per axis, '
                f'got {np.floor(place.max()) + 1:.7g}'
            )
        keys = (keys << 21) | np.floor(place).astype(np.int64)
    return keys


def first_of_each(keys: np.ndarray) -> np.ndarray:
    """The first row of each distinct key of ``(P,)`` int64 keys, by ascending key."""
    ordered, rows = torch.sort(
        torch.from_numpy(keys), stable=True
    )  # NumPy's stable sort takes thrice as long
    starts = torch.ones(len(keys), dtype=torch.bool)
    starts[1:] = ordered[1:] != ordered[:-1]
    return rows[starts].numpy()


@TRANSFORMS.register_module()
class GridSample(BaseTransform):
    """Keep one random point of each voxel: the training sample of a sparse network.

    The lowest point along each axis always represents its voxel, so that the corner of the cloud, and with it
    the grid of the network, stays where it is (two of them in one voxel are both kept). Pipelines for
    evaluation leave this step out: there every point gets the prediction of its voxel.

    Args:
        voxel_size: Edge of a voxel in metres, that of the network's preprocessor.

    Source: arXiv 2304.06906; Swin3D_Task, random representative in training; GridSample of Pointcept.
    """

    def __init__(self, voxel_size: float) -> None:
        self.voxel_size = check_positive('voxel_size', voxel_size)

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        """Select points and their labels; their order stays."""
        xyz = results['points'].coord.numpy()
        if len(xyz) == 0:
            raise ValueError(f'{scene_label(results)}: points must hold at least one point, got none')
        order = np.random.permutation(len(xyz))
        order = np.concatenate([xyz.argmin(axis=0), order])  # the corner's points come first in their voxel
        first = first_of_each(grid_keys(xyz, self.voxel_size)[order])
        return select_points(results, np.union1d(order[first], order[:3]))

    def __repr__(self) -> str:
        return f'{type(self).__name__}(voxel_size={self.voxel_size})'
