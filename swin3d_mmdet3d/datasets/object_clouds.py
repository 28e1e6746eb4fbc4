"""Data set of single objects: clouds with a class, and with parts where there are any."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from mmdet3d.registry import DATASETS
from mmdet3d.structures import DepthPoints
from mmengine.dataset import BaseDataset

from .layout.object_layouts import open_objects


@DATASETS.register_module()
class ObjectCloudDataset(BaseDataset):
    """Objects of ShapeNet-55, ModelNet40, ScanObjectNN or ShapeNetPart as they are published.

    A sample has ``points``, a cloud of positions, ``gt_label``, ``object_name`` and ``split``, and
    ``pts_semantic_mask`` where points have parts. The metainfo's ``classes`` are those of the data set.

    Args:
        data_root: Folder of the data set.
        layout: Name in ``OBJECT_LAYOUTS``, such as 'modelnet40-h5' or 'scanobjectnn-pb-t50-rs'.
        split: 'train', 'test' or what else the layout has.
        kwargs: Arguments of mmengine's ``BaseDataset``, such as ``pipeline`` and ``indices``.

    Raises:
        ValueError: Naming the argument, or the file that is missing or broken.
    """

    def __init__(
        self, data_root: str, layout: str = 'modelnet40-txt', split: str = 'train', **kwargs: Any
    ) -> None:
        self.layout = layout
        self.split = split
        super().__init__(data_root=data_root, data_prefix={}, **kwargs)

    def folder(self) -> Path:
        """Where the objects lie."""
        return Path(self.data_root)

    def load_data_list(self) -> list[dict[str, Any]]:
        """A row and a label for each object."""
        self.objects = open_objects(self.layout, self.folder(), self.split)
        self._metainfo.setdefault('classes', self.objects.classes)
        return [
            dict(row=row, gt_label=label, object_name=name, split=self.split)
            for row, (name, label) in enumerate(zip(self.objects.names, self.objects.labels))
        ]

    def get_data_info(self, idx: int) -> dict[str, Any]:
        """An object with its points, out of its file."""
        info = super().get_data_info(idx)
        row = info.pop('row')
        info['points'] = DepthPoints(torch.from_numpy(self.objects.points(row).copy()))
        parts = self.objects.parts(row)
        if parts is not None:
            info['pts_semantic_mask'] = parts
        return info
