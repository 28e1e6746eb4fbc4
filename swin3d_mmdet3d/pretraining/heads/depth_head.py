"""The depth of an image's pixels out of its feature maps."""

from __future__ import annotations

from collections.abc import Sequence

from mmdet3d.registry import MODELS
from mmengine.model import BaseModule
from torch import Tensor, nn
from torch.nn.functional import interpolate


@MODELS.register_module()
class DepthHead(BaseModule):
    """A 1 x 1 convolution of each map, up-sampled bilinearly and added.

    Args:
        in_channels: Width of each map.
        init_cfg: Initialisation config of mmengine.

    Source: pretrain/pri3d/model/model.py of github.com/Sekunde/Pri3D (9086edd), of one map.
    """

    def __init__(self, in_channels: Sequence[int], init_cfg: dict | None = None) -> None:
        super().__init__(init_cfg)
        self.convs = nn.ModuleList(nn.Conv2d(width, 1, 1) for width in in_channels)

    def forward(self, maps: Sequence[Tensor], size: Sequence[int]) -> Tensor:
        """Depth ``(I, height, width)`` in metres, for maps ``(I, C, h, w)`` and a height and width in pixels.

        Raises:
            ValueError: If there are not as many maps as ``in_channels``.
        """
        if len(maps) != len(self.convs):
            raise ValueError(f'maps must be {len(self.convs)}, got {len(maps)}')
        size = tuple(size)
        return sum(
            interpolate(conv(feature_map), size, mode='bilinear', align_corners=False)[:, 0]
            for conv, feature_map in zip(self.convs, maps)
        )
