"""A network of voxels in the place of a backbone of points."""

from __future__ import annotations

import torch
from mmdet3d.registry import MODELS
from mmengine.model import BaseModule
from torch import Tensor

from ..encoding import encode_levels


@MODELS.register_module()
class PointwiseBackbone(BaseModule):
    """A backbone of voxels and its neck as the backbone of mmdet3d's ``EncoderDecoder3D``.

    Points that share a voxel have the same features, as in :class:`VoxelSegmentor`. What the network needs to
    know of a point stands in its columns: patches with further ones, such as the normalised places of
    ``IndoorPatchPointSample``, are taken, and those columns are not read.

    Args:
        backbone: Config of a backbone ``(feats, voxels) -> tuple of (feats, voxels)``, fine to coarse.
        data_preprocessor: Config of a :class:`VoxelPreprocessor` without normals: edge of a voxel, features,
            signals.
        neck: Config of a decoder, see :func:`encode_levels`; without one the finest level is used.
        init_cfg: Initialisation config of mmengine.

    Raises:
        ValueError: If the preprocessor reads normals, which mmdet3d's points do not have.
    """

    def __init__(
        self, backbone: dict, data_preprocessor: dict, neck: dict | None = None, init_cfg: dict | None = None
    ) -> None:
        super().__init__(init_cfg)
        self.voxelizer = MODELS.build(data_preprocessor)
        if self.voxelizer.num_columns > 6:
            raise ValueError('data_preprocessor must do without normals, got features or signals with them')
        self.backbone = MODELS.build(backbone)
        self.neck = None if neck is None else MODELS.build(neck)

    def forward(self, points: Tensor) -> dict[str, Tensor]:
        """Features of each point.

        Args:
            points: ``(B, P, 6 or more)`` float: xyz in metres, rgb in [0, 1] as ``NormalizePointsColor`` with
                ``color_mean=None`` leaves it.

        Returns:
            ``fa_points``, ``(B, P, C)``, the name by which ``DGCNNHead`` asks for them.

        Raises:
            ValueError: If there are fewer columns, or colours are out of range.
        """
        if points.ndim != 3 or points.shape[2] < 6:
            raise ValueError(f'points must be (B, P, 6 or more), got {tuple(points.shape)}')
        xyz, color = points[..., :3], points[..., 3:6]
        low, high = color.aminmax()
        if low < 0 or high > 1:
            raise ValueError(
                f'colours of points must lie in [0, 1], got {float(low):g} .. {float(high):g}; '
                'NormalizePointsColor(color_mean=None) brings colours of 0 .. 255 there'
            )
        clouds = list(torch.cat([xyz, 2 * color - 1], dim=2))
        batch = self.voxelizer.voxelize_points(clouds, keep_lattice=self.training)
        feats, _ = encode_levels(self.backbone, self.neck, batch.feats, batch.voxels).finest
        return dict(fa_points=torch.stack([feats[rows] for rows in batch.point2voxel]))
