"""Data set of generated objects that lie in no file: each is made when it is asked for."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from mmdet3d.registry import DATASETS
from mmdet3d.structures import DepthPoints
from mmengine.dataset import BaseDataset

from ..synthetic_rooms.shape_families import FAMILIES, ShapeGenerator
from .object_cloud import object_cloud
from .object_kinds import OBJECT_KINDS


@DATASETS.register_module()
class GeneratedObjectDataset(BaseDataset):
    """Furniture of the generator, whole and without noise; the same object for the same row, anywhere.

    A sample has ``points``, ``(P, 3)`` within the unit sphere, z up, ``gt_label``, which kind it is, and
    ``object_name``.

    Args:
        num_objects: Objects of the data set; kinds take turns.
        num_points: P.
        family: Sizes of the furniture, a name in ``FAMILIES``: 'cad', 'office' or 'home'.
        seed: Not negative.
        kwargs: Arguments of mmengine's ``BaseDataset``, such as ``pipeline``.

    Raises:
        ValueError: Naming the argument that is out of range.
    """

    def __init__(
        self,
        num_objects: int = 400,
        num_points: int = 2048,
        family: str = 'cad',
        seed: int = 0,
        **kwargs: Any,
    ) -> None:
        if family not in FAMILIES:
            raise ValueError(f'family must be one of {", ".join(FAMILIES)}, got {family!r}')
        for name, value in dict(num_objects=num_objects, num_points=num_points).items():
            if value < 1:
                raise ValueError(f'{name} must be at least 1, got {value}')
        if seed < 0:
            raise ValueError(f'seed must not be negative, got {seed}')
        self.num_objects, self.num_points, self.family, self.seed = num_objects, num_points, family, seed
        super().__init__(metainfo=dict(classes=tuple(OBJECT_KINDS)), **kwargs)

    def load_data_list(self) -> list[dict[str, Any]]:
        """A row and a kind for each object."""
        kinds = list(OBJECT_KINDS)
        return [
            dict(row=row, gt_label=row % len(kinds), object_name=f'{kinds[row % len(kinds)]}_{row:04d}')
            for row in range(self.num_objects)
        ]

    def get_data_info(self, idx: int) -> dict[str, Any]:
        """An object with its points."""
        info = super().get_data_info(idx)
        label = info['gt_label']
        rng = ShapeGenerator([self.seed, label, info.pop('row')], self.family)
        model = list(OBJECT_KINDS.values())[label](rng)
        points = object_cloud(rng, model, self.num_points, cut=0.0, noise=0.0)[:, :3]
        info['points'] = DepthPoints(torch.from_numpy(points.astype(np.float32)))
        return info
