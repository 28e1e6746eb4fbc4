"""2DPASS: a segmentor of clouds learns at several scales from itself fused with images."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from mmdet3d.registry import MODELS
from mmengine.model import ModuleList
from torch import Tensor
from torch.nn.functional import kl_div, log_softmax, softmax

from ...models.image_networks import PixelProjection
from ...models.voxel_labels import voxel_labels
from ...structures import CloudView, Levels
from ..heads import GatedFusion, ProjectionHead
from .deep_supervision import DeepSupervision, Scale


@MODELS.register_module()
class TwoDPASS(DeepSupervision):
    r"""2D priors assisted semantic segmentation, multi-scale fusion to single knowledge distillation.

    At each of S scales, for voxels that a pixel shows, features of image and cloud are fused and classified;
    the cloud's own logits g come close to those of the fused features, g_F, which are a fixed target:

    .. math::
        L = \sum_s \Big( L_{seg}(g) + \tfrac{w_F}{S} L_{seg}(g_F)
            + \tfrac{w_{KL}}{S} \tfrac{1}{K} \overline{KL(\mathrm{softmax}(g_F) \| \mathrm{softmax}(g))} \Big)
            + L_{seg}(\text{classifier of all scales' fused features})

    The losses of fused features train the network that reads the cloud, too. The divergence is divided by
    the number K of classes, as in the release, where the paper's equation does not say.

    Args:
        image: Config of an image network ``images (I, 3, h, w) -> a map for each level``.
        levels: Names of the S levels.
        in_channels: Width of each level.
        image_channels: Width of each map.
        num_classes: Number K of classes.
        hidden_channels: Width of fused features and of the classifiers' hidden layers.
        fused_weight: w_F.
        kl_weight: w_KL.
        matcher: Config of the choice of pairs of voxels and pixels.
        kwargs: Arguments of :class:`DeepSupervision`.

    Raises:
        ValueError: If there is not a map for each level.

    Source: arXiv 2207.04397, section 3.3; xModalKD of github.com/yanx27/2DPASS (80b8646). There each scale's
    map goes through convolutions of its own before it is read at the nearest pixel, here through one of
    1 x 1, read bilinearly. There a scan has one image; here a voxel has a random pixel of all its frames.
    """

    def __init__(
        self,
        image: dict,
        levels: Sequence[str],
        in_channels: Sequence[int],
        image_channels: Sequence[int],
        num_classes: int,
        hidden_channels: int = 64,
        fused_weight: float = 1.0,
        kl_weight: float = 0.05,
        matcher: dict | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(levels, in_channels, num_classes, hidden_channels, **kwargs)
        if len(image_channels) != len(levels):
            raise ValueError(
                f'image_channels must be one for each of {list(levels)}, got {list(image_channels)}'
            )
        self.fused_weight = fused_weight
        self.kl_weight = kl_weight
        self.image = MODELS.build(image)
        self.matcher = MODELS.build(matcher or dict(type='mmdet3d.OnePixelPerVoxel', max_pairs=4096))
        self.projections = ModuleList(PixelProjection(width, hidden_channels) for width in image_channels)
        self.fusions = ModuleList(GatedFusion(width, hidden_channels) for width in in_channels)
        widths = [hidden_channels] * len(levels) + [hidden_channels * len(levels)]  # the last of all scales
        self.fused_classifiers = ModuleList(
            ProjectionHead(width, num_classes, hidden_channels, num_layers=2) for width in widths
        )

    def forward(self, levels: Levels, inputs: dict, data_samples: list) -> dict[str, Tensor]:
        """The losses; those of fused features are 0 in a batch without a pixel that shows a voxel."""
        scales = self.scales(levels, inputs['voxels'])
        labels = voxel_labels(inputs, data_samples)
        return dict(
            loss_deep=self.deep_loss(scales, labels), **self._fused_losses(scales, labels, inputs['view'])
        )

    def _fused_losses(self, scales: list[Scale], labels: Tensor, view: CloudView) -> dict[str, Tensor]:
        """Losses of fused features, by scale and of all together, and the divergences from them."""
        pairs = self.matcher(view.matches)
        if not len(pairs):
            nothing = sum(weight.sum() * 0 for weight in self.parameters() if weight.requires_grad)
            return dict(loss_fused=nothing, loss_kl=nothing, loss_all_fused=nothing)
        labels = labels[pairs.voxel]
        maps = self.image(view.images)
        all_fused, loss_fused, loss_kl = [], 0.0, 0.0
        for index, scale in enumerate(scales):
            row = scale.row[pairs.voxel]
            image = self.projections[index](maps[index : index + 1], pairs, view.images.shape[-2:])
            fused = self.fusions[index](image, scale.feats[row])
            logits = self.fused_classifiers[index](fused)
            loss_fused = loss_fused + self.criterion(logits, labels, ignore_index=self.ignore_index)
            loss_kl = loss_kl + divergence(scale.logits[row], logits)
            all_fused.append(fused)
        logits = self.fused_classifiers[-1](torch.cat(all_fused, dim=1))
        return dict(
            loss_fused=self.fused_weight / len(scales) * loss_fused,
            loss_kl=self.kl_weight / len(scales) * loss_kl,
            loss_all_fused=self.criterion(logits, labels, ignore_index=self.ignore_index),
        )


def divergence(logits: Tensor, target: Tensor) -> Tensor:
    """KL(softmax target || softmax logits), mean over the ``(M, K)`` entries; no gradient to the target."""
    target = softmax(target.detach().float(), dim=1)
    return kl_div(log_softmax(logits.float(), dim=1), target, reduction='sum') / target.numel()
