"""Pairs of overlapping RGB-D frames of one scene."""

from __future__ import annotations

import os.path as osp
from typing import Any

import numpy as np
from mmdet3d.registry import DATASETS

from .layout.frame_overlaps import OVERLAPS_FOLDER, frame_overlaps
from .rgbd_frames import RGBDFrameDataset


@DATASETS.register_module()
class RGBDPairDataset(RGBDFrameDataset):
    """Two frames of a scene whose clouds overlap a sample; ``FrameViews`` makes a view of each.

    The overlap is measured once, and kept in ``<data_root>/frame_overlaps/<scene>.npz`` beside info files.
    A scene of which no two frames overlap has no sample.

    Args:
        data_root: Folder of the data set.
        min_overlap: Least overlap in [0, 1] of a pair, as :func:`frame_overlaps` measures it.
        kwargs: Arguments of :class:`RGBDFrameDataset`.

    Raises:
        ValueError: Naming the file or folder, if one is missing or broken, or no two frames overlap.

    Source: arXiv 2007.10985, section 3.4: pairs of every 25th frame of ScanNet's streams that overlap by at
    least 30 %.
    """

    SAMPLE = 'two frames that overlap'

    def __init__(self, data_root: str, min_overlap: float = 0.3, **kwargs: Any) -> None:
        if not 0 < min_overlap <= 1:
            raise ValueError(f'min_overlap must lie in (0, 1], got {min_overlap}')
        self.min_overlap = min_overlap
        super().__init__(data_root=data_root, **kwargs)

    def samples(self, scene: str, folder: str, names: list[str], info: dict) -> list[dict]:
        """One entry a pair."""
        path = osp.join(self.data_root, OVERLAPS_FOLDER, f'{scene}.npz')
        overlap = np.triu(frame_overlaps(folder, names, path), k=1)
        pairs = zip(*(overlap >= self.min_overlap).nonzero())
        return [
            dict(scene=scene, frame_files=[(folder, names[index]) for index in pair], overlap=overlap[pair])
            for pair in pairs
        ]
