"""From lists of points to the features, voxels and point-to-voxel map of a batch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from mmdet3d.models import Det3DDataPreprocessor
from mmdet3d.registry import MODELS
from swin3d_ops.arguments import check_floats
from swin3d_ops.voxel_index import unique_voxels
from torch import Tensor

from ...finite_values import is_finite
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
        if not voxel_size > 0:
            raise ValueError(f'voxel_size must be a positive length in metres, got {voxel_size}')
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
        voxel_batch = self.voxelize_points(points, keep_lattice=training)
        batch['inputs'].update(vars(voxel_batch))
        if fields:
            batch['inputs']['view'] = join_view(voxel_batch, dict(fields, points=points))
        return batch

    def voxelize_points(self, points: Sequence[Tensor], keep_lattice: bool = False) -> VoxelBatch:
        """Voxelise point clouds.

        Args:
            points: Per scene ``(P, 6)`` or ``(P, 9)`` float: xyz in metres, rgb in [-1, 1], unit normal.
            keep_lattice: Voxels are bounded by multiples of the voxel size (True) or counted from each
                scene's lowest corner (False).

        Raises:
            ValueError: If a cloud is empty, lacks columns, has NaN or infinite values or values out of
                range, lies more than ``MAX_DISTANCE`` voxels from the origin, or extends over more voxels
                than a 64-bit key can tell apart.
        """
        for scene, cloud in enumerate(points):
            self._check(cloud, scene)
        origins = [self._origin(cloud, keep_lattice) for cloud in points]
        places = [self._places(cloud, origin) for cloud, origin in zip(points, origins)]
        # no array of all points is made twice here: large scans are bounded by the memory that these take
        place = places[0] if len(places) == 1 else torch.cat(places)
        counts = torch.tensor([len(p) for p in places], device=place.device)
        cells = place.new_empty((len(place), 4), dtype=torch.int32)
        cells[:, 0] = torch.repeat_interleave(torch.arange(len(points), device=place.device), counts)
        cells[:, 1:] = place  # which is not negative: its whole part is its floor
        coords, inverse = unique_voxels(cells)
        del cells

        rows = torch.arange(len(place), device=place.device)
        first = rows.new_full((len(coords),), len(place))
        first.scatter_reduce_(0, inverse, rows, 'amin')
        cloud = _joined_rows(points, first, coords[:, 0])[:, : self.num_columns].float()
        offset = (place[first] - coords[:, 1:]).float().clamp_(max=1 - 2**-24)

        channels = {'offset': offset}
        for name in self._point_names:
            channels[name] = cloud[:, POINT_COLUMNS[name]]
        if 'normal' in channels:
            channels['normal'] = channels['normal'][:, self.axes]
        signals = {name: values / SIGNAL_GUARD for name, values in channels.items()}
        signals['xyz'] = place[first].float()
        return VoxelBatch(
            feats=torch.cat([channels[name] for name in self.features], dim=1),
            voxels=SparseVoxels(
                coords,
                len(points),
                voxel_size=self.voxel_size,
                signals={name: signals[name] for name in self.signals},
            ),
            point2voxel=list(inverse.split(counts.tolist())),
            representative=first,
            origin=torch.stack(origins).float(),
        )

    @property
    def _point_names(self) -> list[str]:
        """Columns of the points that features or signals read."""
        return [name for name in POINT_COLUMNS if name in self.features or name in self.signals]

    @property
    def num_columns(self) -> int:
        """Columns that a point needs: 3, 6 with colours, 9 with normals."""
        return max([3] + [POINT_COLUMNS[name].stop for name in self._point_names])

    def _origin(self, cloud: Tensor, keep_lattice: bool) -> Tensor:
        """The scene's lowest corner or the lattice point below it: ``(3,)`` float64 metres."""
        corner = cloud[:, :3].amin(0)[self.axes].double()
        return (corner / self.voxel_size).floor() * self.voxel_size if keep_lattice else corner

    def _places(self, cloud: Tensor, origin: Tensor) -> Tensor:
        """Positions in voxels from the origin: ``(P, 3)`` float64."""
        place = cloud[:, self.axes].to(torch.float64, copy=True)
        place = place.sub_(origin).div_(self.voxel_size).clamp_(min=0)
        if float(place.max()) >= MAX_EXTENT:
            raise ValueError(
                f'points must extend over fewer than {MAX_EXTENT} voxels of {self.voxel_size} m, '
                f'got {float(place.max()):.3g}'
            )
        distance = float(origin.abs().max())
        if distance >= MAX_DISTANCE * self.voxel_size:
            raise ValueError(
                f'points must lie within {MAX_DISTANCE:.3g} voxels of {self.voxel_size} m from the origin, '
                f'got {distance:g} m'
            )
        return place

    def _check(self, cloud: Tensor, scene: int) -> None:
        name = f'points of scene {scene}'
        check_floats(name, cloud)
        if cloud.ndim != 2 or len(cloud) == 0:
            raise ValueError(f'{name} must be (P, 6) or (P, 9) with P >= 1, got {tuple(cloud.shape)}')
        if cloud.shape[1] < self.num_columns:
            needed = ['xyz', *self._point_names]
            raise ValueError(
                f'{name} must have columns for {needed} ({self.num_columns}), got {cloud.shape[1]}'
            )
        if not is_finite(cloud):
            raise ValueError(f'{name} must be finite, got NaN or infinite values')
        for column in self._point_names:
            low, high = cloud[:, POINT_COLUMNS[column]].aminmax()
            if low < -1.0001 or high > 1.0001:
                raise ValueError(
                    f'{column} of {name} must lie in [-1, 1], got {float(low):g} .. {float(high):g}; '
                    'NormalizeColorSigned brings colours of 0 .. 255 there'
                )


def _joined_rows(clouds: Sequence[Tensor], rows: Tensor, scene: Tensor) -> Tensor:
    """``torch.cat(clouds)[rows]`` of rows whose scenes ascend, without joining the clouds."""
    counts = torch.bincount(scene, minlength=len(clouds)).tolist()
    parts, start = [], 0
    for cloud, own in zip(clouds, rows.split(counts)):
        parts.append(cloud[own - start])
        start += len(cloud)
    return torch.cat(parts)
