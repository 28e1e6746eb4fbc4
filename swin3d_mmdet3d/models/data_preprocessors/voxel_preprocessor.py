"""From lists of points to the features, voxels and point-to-voxel map of a batch."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from itertools import accumulate
from typing import Any

import numpy as np
import torch
from mmdet3d.models import Det3DDataPreprocessor
from mmdet3d.registry import MODELS
from swin3d_ops.arguments import check_floats
from swin3d_ops.host_transfers import numbers_on
from swin3d_ops.voxel_index import sort_voxels
from torch import Tensor
from torch.nn.functional import pad

from ...finite_values import sample_names
from ...structures import FIELD_KINDS, SparseVoxels, VoxelBatch
from ..layers import check_signals
from .view_fields import join_view

SIGNAL_GUARD = 1.001
"""Colours and normals are divided by this, so that opposite ones differ by less than the tables' range."""

MAX_EXTENT = 2**31
"""Voxel coordinates are 32-bit integers."""

MAX_DISTANCE = 2**40
"""Voxels between a scene and the origin of the world; beyond, float64 loses the place inside a voxel."""

POINT_COLUMNS = {'rgb': slice(3, 6), 'normal': slice(6, 9)}
FEATURE_CHANNELS = {'rgb': 3, 'normal': 3, 'offset': 3}


@MODELS.register_module()
class VoxelPreprocessor(Det3DDataPreprocessor):
    """Voxelise the points of a batch, on whatever device they are.

    Voxel indices are computed once, in float64, and the first point of each voxel represents it. In
    evaluation each scene's lowest corner becomes its origin, so that predictions do not depend on where a
    scene lies in the world. In training the lattice stays where the pipeline put it, so that a crop of one
    point per voxel keeps one point per voxel; the crop then moves by whole voxels. Both are the same for a
    scene whose corner is the origin, as ``PositiveShift`` makes it.

    Args:
        voxel_size: Edge of a voxel in metres.
        features: Input features, side by side: any of 'rgb', 'normal', and 'offset', the place of the
            representative inside its voxel in [0, 1).
        signals: Signals for the relative encoding; 'rgb' and 'normal' are divided by 1.001.
        axes: Order in which world axes become voxel axes. ``(0, 2, 1)`` serves weights that were trained
            with y up; offsets and normals are permuted alike.
        kwargs: Arguments of mmdet3d's ``Det3DDataPreprocessor``.

    Source: Swin3D_Task (github.com/Yukichiii/Swin3D_Task), use_offset and yz_shift. The original counts
        windows from the corner of the whole scene when it trains on a crop, this one from the crop's.
    """

    def __init__(
        self,
        voxel_size: float,
        features: Sequence[str] = ('rgb', 'offset'),
        signals: Sequence[str] = ('xyz', 'rgb'),
        axes: Sequence[int] = (0, 1, 2),
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        is_number = isinstance(voxel_size, (int, float)) and not isinstance(voxel_size, bool)
        if not (is_number and 0 < voxel_size <= sys.float_info.max):
            raise ValueError(f'voxel_size must be a positive length in metres, got {voxel_size!r:.60}')
        for name, values, kind in (('features', features, str), ('axes', axes, int)):
            if isinstance(values, str) or not isinstance(values, Sequence):
                raise TypeError(f'{name} must be a sequence, got {values!r:.60}')
            if not all(isinstance(value, kind) for value in values):
                raise TypeError(f'{name} must hold values of type {kind.__name__}, got {values!r:.100}')
        unknown = [name for name in features if name not in FEATURE_CHANNELS]
        if unknown or not features or len(set(features)) != len(features):
            raise ValueError(
                f'features must be distinct names out of {tuple(FEATURE_CHANNELS)}, got {tuple(features)}'
            )
        if sorted(axes) != [0, 1, 2]:
            raise ValueError(f'axes must be an order of (0, 1, 2), got {tuple(axes)}')
        self.voxel_size = voxel_size
        self.features = tuple(features)
        self.signals = check_signals(signals)
        self.axes = list(axes)

    def simple_process(self, data: dict, training: bool = False) -> dict:
        """Collate as mmdet3d does and add the fields of :class:`VoxelBatch`.

        Where the samples have fields by kind (``PackFieldInputs``), ``inputs['view']`` is the
        :class:`CloudView` of the batch.
        """
        data = self.cast_data(data)
        fields = {kind: data['inputs'][kind] for kind in FIELD_KINDS if kind in data['inputs']}
        batch = super().simple_process(data, training)
        points = batch['inputs']['points']
        voxel_batch = self.voxelize_batch(points, batch.get('data_samples'), training)
        batch['inputs'].update(vars(voxel_batch))
        if fields:
            batch['inputs']['view'] = join_view(voxel_batch, dict(fields, points=points))
        return batch

    def voxelize_batch(
        self, points: Sequence[Tensor], samples: Sequence[Any] | None, training: bool
    ) -> VoxelBatch:
        """:meth:`voxelize_points` of the scenes of a batch, by whose names its errors call them.

        Raises:
            ValueError: As that; of a batch to train on, also if it has no more than one voxel, which norms
                over the batch make nothing of.
        """
        names = sample_names(samples or ())
        if len(names) != len(points):
            names = None
        batch = self.voxelize_points(points, training, names)
        if training and len(batch.voxels) < 2:
            raise ValueError(
                f'{names[0] if names else "scene 0"}: a batch to train on must have two voxels, got one '
                f'of {self.voxel_size} m for {len(points[0])} points; are their coordinates in metres?'
            )
        return batch

    def voxelize_points(
        self, points: Sequence[Tensor], keep_lattice: bool = False, names: Sequence[str] | None = None
    ) -> VoxelBatch:
        """Voxelise point clouds.

        Args:
            points: Per scene ``(P, 6)`` or ``(P, 9)`` float: xyz in metres, rgb in [-1, 1], unit normal.
            keep_lattice: Voxels are bounded by multiples of the voxel size (True) or counted from each
                scene's lowest corner (False).
            names: What errors call the scenes; their places in the batch by default.

        Raises:
            TypeError: If the points are no list of floating-point tensors.
            ValueError: If a cloud is empty, lacks columns, has NaN or infinite values or values out of
                range, lies more than ``MAX_DISTANCE`` voxels from the origin, or extends over more voxels
                than a 64-bit key can tell apart.
        """
        if not isinstance(points, (list, tuple)) or not points:
            raise TypeError(f'points must be a list of the clouds of at least one scene, got {points!r:.60}')
        names = names or [f'scene {place}' for place in range(len(points))]
        for name, cloud in zip(names, points):
            self._check_columns(cloud, name)
        low, high = column_bounds(points).cpu().numpy()  # the first of two waits for a GPU
        self._check_values(low, high, names)
        origins, most = self._origins_and_reach(low[:, self.axes], high[:, self.axes], keep_lattice, names)
        origins = numbers_on(points[0].device, origins.tolist(), torch.float64)
        starts = [0, *accumulate(map(len, points))]
        place = self._places(points, origins, starts)
        cells = _cells_of(place, starts)
        bounds = (0, 0, 0, 0), (len(points) - 1, *map(int, most))
        runs = sort_voxels(cells, bounds)
        ptr = torch.cat([runs.number[start : start + 1] for start in starts[:-1]] + [runs.number[-1:] + 1])
        host_ptr = tuple(ptr.tolist())  # the second
        first = runs.order[runs.starts(host_ptr[-1])]
        point2voxel = runs.of_rows().split([len(cloud) for cloud in points])
        coords, place = cells.index_select(0, first), place.index_select(0, first)
        del cells, runs

        rows = (own - start for own, start in zip(first.split(_counts(host_ptr)), starts))
        cloud = torch.cat([cloud[own, : self.num_columns] for cloud, own in zip(points, rows)]).float()
        channels = self._channels(cloud, place - coords[:, 1:])
        signals = {name: values / SIGNAL_GUARD for name, values in channels.items()}
        signals['xyz'] = place.float()
        voxels = SparseVoxels(
            coords,
            len(points),
            voxel_size=self.voxel_size,
            signals={name: signals[name] for name in self.signals},
            known=True,
        )
        return VoxelBatch(
            feats=torch.cat([channels[name] for name in self.features], dim=1),
            voxels=voxels.knowing(ptr=ptr, host_ptr=host_ptr, bounds=bounds),
            point2voxel=list(point2voxel),
            representative=first,
            origin=origins.float(),
        )

    @property
    def _point_names(self) -> list[str]:
        """Columns of the points that features or signals read."""
        return [name for name in POINT_COLUMNS if name in self.features or name in self.signals]

    @property
    def num_columns(self) -> int:
        """Columns that a point needs: 3, 6 with colours, 9 with normals."""
        return max([3] + [POINT_COLUMNS[name].stop for name in self._point_names])

    def _channels(self, cloud: Tensor, offset: Tensor) -> dict[str, Tensor]:
        """What features and signals are made of, by name, ``(N, 3)`` float32 each.

        Args:
            cloud: ``(N, num_columns)`` float32, the points that represent the N voxels.
            offset: ``(N, 3)`` float64, their places within their voxels, whose edge is 1.
        """
        channels = {'offset': offset.float().clamp_(max=1 - 2**-24)}
        for name in self._point_names:
            channels[name] = cloud[:, POINT_COLUMNS[name]]
        if 'normal' in channels:
            channels['normal'] = self._in_order(channels['normal'])
        return channels

    def _in_order(self, columns: Tensor) -> Tensor:
        """World axes ``(P, 3)`` as voxel axes."""
        if self.axes == [0, 1, 2]:
            return columns
        return torch.stack([columns[:, axis] for axis in self.axes], dim=1)

    def _places(self, points: Sequence[Tensor], origins: Tensor, starts: Sequence[int]) -> Tensor:
        """Positions in voxels from the scenes' origins: ``(P, 3)`` float64 of all points.

        No array of all points is made twice: large scans are bounded by the memory that these take.
        """
        place = origins.new_empty(starts[-1], 3)
        for cloud, origin, start, stop in zip(points, origins, starts[:-1], starts[1:]):
            torch.sub(self._in_order(cloud.detach()[:, :3]), origin, out=place[start:stop])
        # as a tensor: a GPU multiplies by the inverse of a number that it divides by, and rounds twice
        edge = place.new_full((), self.voxel_size)
        return place.div_(edge).clamp_(min=0)

    def _origins_and_reach(
        self, low: np.ndarray, high: np.ndarray, keep_lattice: bool, names: Sequence[str]
    ) -> tuple[np.ndarray, np.ndarray]:
        """Where the scenes' coordinates count from, and how far they go.

        Args:
            low: ``(B, 3)`` the lowest corner of each scene in metres, in the order of the voxel axes.
            high: ``(B, 3)`` the highest.
            keep_lattice: As for :meth:`voxelize_points`.
            names: Likewise.

        Returns:
            ``(B, 3)`` metres, the lowest corner or the lattice point below it; ``(3,)`` the largest place in
            voxels from there.

        Raises:
            ValueError: If a scene extends over too many voxels or lies too far away.
        """
        origins = np.floor(low / self.voxel_size) * self.voxel_size if keep_lattice else low
        places = np.maximum((high - origins) / self.voxel_size, 0)
        for name, extent, distance in zip(names, places.max(1), np.abs(origins).max(1)):
            if extent >= MAX_EXTENT:
                raise ValueError(
                    f'points of {name} must extend over fewer than {MAX_EXTENT} voxels of '
                    f'{self.voxel_size} m, got {extent:.3g}'
                )
            if distance >= MAX_DISTANCE * self.voxel_size:
                raise ValueError(
                    f'points of {name} must lie within {MAX_DISTANCE:.3g} voxels of {self.voxel_size} m '
                    f'from the origin, got {distance:g} m'
                )
        return origins, places.max(0)

    def _check_columns(self, cloud: Tensor, scene: str) -> None:
        name = f'points of {scene}'
        check_floats(name, cloud)
        if cloud.ndim != 2 or len(cloud) == 0:
            raise ValueError(f'{name} must be (P, 6) or (P, 9) with P >= 1, got {tuple(cloud.shape)}')
        if cloud.shape[1] < self.num_columns:
            needed = ['xyz', *self._point_names]
            raise ValueError(
                f'{name} must have columns for {needed} ({self.num_columns}), got {cloud.shape[1]}'
            )

    def _check_values(self, low: np.ndarray, high: np.ndarray, names: Sequence[str]) -> None:
        """Raise unless the bounds ``(B, C)`` of the columns of each scene are legal."""
        for scene, lows, highs in zip(names, low, high):
            name = f'points of {scene}'
            if not (np.isfinite(lows).all() and np.isfinite(highs).all()):
                raise ValueError(f'{name} must be finite, got NaN or infinite values')
            for column in self._point_names:
                columns = POINT_COLUMNS[column]
                least, most = lows[columns].min(), highs[columns].max()
                if least < -1.0001 or most > 1.0001:
                    raise ValueError(
                        f'{column} of {name} must lie in [-1, 1], got {least:g} .. {most:g}; '
                        'NormalizeColorSigned brings colours of 0 .. 255 there'
                    )


def column_bounds(points: Sequence[Tensor]) -> Tensor:
    """The least and the largest value of each column of clouds of points, without a wait for a GPU.

    Args:
        points: Per scene ``(P, C)`` floats with P of at least 1.

    Returns:
        ``(2, B, C)`` float64; NaN for columns that hold it, 0 for columns that a scene does not have.
    """
    low, high = zip(*(cloud.detach().aminmax(dim=0) for cloud in points))
    widest = max(cloud.shape[1] for cloud in points)
    ends = [own if len(own) == widest else pad(own, (0, widest - len(own))) for own in (*low, *high)]
    return torch.stack(ends).double().view(2, len(points), widest)


def _counts(ptr: Sequence[int]) -> list[int]:
    return [stop - start for start, stop in zip(ptr[:-1], ptr[1:])]


def _cells_of(place: Tensor, starts: Sequence[int]) -> Tensor:
    """The voxel (scene, x, y, z) of each place, ``(P, 4)`` int32.

    Args:
        place: ``(P, 3)`` float64 in voxels, not negative, so that their whole parts are their floors.
        starts: The first row of each scene, and P.
    """
    cells = place.new_empty((len(place), 4), dtype=torch.int32)
    for scene, (start, stop) in enumerate(zip(starts[:-1], starts[1:])):
        cells[start:stop, 0] = scene
    cells[:, 1:] = place
    return cells
