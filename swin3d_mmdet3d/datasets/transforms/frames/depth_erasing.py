"""Gaps in the depth of frames."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from mmdet3d.registry import TRANSFORMS

from ....structures.rgbd_frame import RGBDFrame
from ..argument_checks import check_probability, check_range
from .frame_augmentation import FrameTransform


@TRANSFORMS.register_module()
class EraseDepth(FrameTransform):
    """Take measurements out of the frames' depth (``KeepDepth``): single pixels and a box.

    The cloud and the pixels that show it stay.

    Args:
        drop: Share of the pixels to drop.
        box: Range of the edges of the erased box over those of the image, in [0, 1]; both edges are drawn.

    Source: lib/datasets/transforms of github.com/lilanxiao/Invar3D (arXiv 2207.04997): a fifth of the pixels,
        edges of 0.2 to 0.4.
    """

    def __init__(self, drop: float = 0.2, box: Sequence[float] = (0.2, 0.4)) -> None:
        self.drop = check_probability('drop', drop)
        self.box = check_range('box', box)
        if not 0 <= self.box[0] <= self.box[1] <= 1:
            raise ValueError(f'box must lie in [0, 1], got {tuple(box)}')

    def change(self, frame: RGBDFrame) -> None:
        """Set the measurements to 0.

        Raises:
            ValueError: If the frame's depth was not kept.
        """
        if 'depth' not in frame.per_pixel:
            raise ValueError(f'{frame.name}: the depth must be kept (KeepDepth) before EraseDepth')
        depth = frame.per_pixel['depth'].copy()
        depth[np.random.rand(*depth.shape) < self.drop] = 0
        shape = np.array(depth.shape)
        edges = np.round(np.random.uniform(*self.box, 2) * shape).astype(np.int64)
        top, left = (np.random.randint(spare + 1) for spare in shape - edges)
        depth[top : top + edges[0], left : left + edges[1]] = 0
        frame.per_pixel['depth'] = depth
