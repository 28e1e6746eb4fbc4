"""PointMCD: a network of clouds learns the descriptors that an image network has of the cloud's views."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from mmdet3d.registry import MODELS
from mmengine.model import BaseModule
from torch import Tensor
from torch.nn.functional import adaptive_avg_pool2d, l1_loss

from ...models.losses.global_mean import global_mean
from ...models.necks.level_concat import rows_of
from ...structures import Levels


@MODELS.register_module()
class PointMCD(BaseModule):
    r"""Multi-view cross-modal distillation: the cloud's code of a view, against the image's descriptor.

    With e the cloud's features and t the mean of a frozen image network's last map over a region,

    .. math::
        L = \overline{| head(\mathrm{pool}_{\text{voxels that the region shows}} e) - t |}

    over all channels of the regions that show a voxel. A frame is one region in the paper; a finer grid gives
    a room as many codes as it has objects. Works on a segmentor and on a detector.

    Args:
        image: Config of a :class:`FrozenImageTeacher`; its last map is the target.
        head: Config of what makes a code of pooled features, as wide as that map.
        level: Name of the level whose features are pooled, as of :class:`Levels`.
        mode: How: 'max', as in the paper, or 'mean'.
        grid: Rows and columns of regions of a frame.
        loss_weight: Factor.
        shuffle: Give the voxels of each region to another, as the control of a comparison.
        init_cfg: Initialisation config of mmengine.

    Source: arXiv 2207.03128; github.com/keeganhk/PointMCD (2edc816), which trains part segmentation by the
    sum of cross-entropy and this loss. There the views are renderings of an object, the image network has
    learnt to classify them, and codes end in a ReLU; here views are the frames of a scan, the network knows
    ImageNet, and its descriptors have either sign.
    """

    def __init__(
        self,
        image: dict,
        head: dict,
        level: str = 'decoder.0',
        mode: str = 'max',
        grid: Sequence[int] = (1, 1),
        loss_weight: float = 1.0,
        shuffle: bool = False,
        init_cfg: dict | None = None,
    ) -> None:
        super().__init__(init_cfg)
        self.image = MODELS.build(image)
        self.head = MODELS.build(head)
        self.pool = MODELS.build(dict(type='mmdet3d.VisibilityPool', mode=mode, grid=grid, shuffle=shuffle))
        self.level = level
        self.loss_weight = loss_weight

    def forward(self, levels: Levels, inputs: dict, data_samples: list) -> dict[str, Tensor]:
        """The loss; 0 where no region shows a voxel."""
        view, (feats, voxels) = inputs['view'], levels[self.level]
        row = rows_of(view.voxels, voxels)
        matches = replace(view.matches, voxel=row[view.matches.voxel])
        pooled, seen = self.pool(feats, matches, len(view.images), view.images.shape[-2:])
        if not bool(seen.any()):
            nothing = sum(weight.sum() * 0 for weight in self.parameters() if weight.requires_grad)
            return dict(loss_views=global_mean(nothing + feats.sum() * 0, 0))
        target = self.descriptors(view.images)[seen]
        loss = l1_loss(self.head(pooled[seen]).float(), target)
        return dict(loss_views=global_mean(self.loss_weight * loss, len(target)))

    def descriptors(self, images: Tensor) -> Tensor:
        """Means ``(R, C)`` of the image network's last map over all regions, image by image, row by row."""
        means = adaptive_avg_pool2d(self.image(images)[-1].float(), self.pool.regions.grid)
        return means.permute(0, 2, 3, 1).flatten(0, 2)
