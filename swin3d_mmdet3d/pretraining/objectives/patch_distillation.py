"""Concerto's image term: the mean feature of what an image patch shows is that of the patch."""

from __future__ import annotations

import dataclasses
from typing import Any

from mmdet3d.registry import MODELS
from mmengine.model import BaseModule
from torch import Tensor
from torch.nn.functional import cosine_similarity

from ...models.losses.global_mean import global_mean
from ...models.necks.level_concat import rows_of
from ...structures import Levels
from ..group_pooling import group_means
from ..matchers import SeenRegions


@MODELS.register_module()
class PatchDistillation(BaseModule):
    """Features of patches by a frozen image network, predicted from the voxels that the patches show.

    With v the mean of the features of the coarse voxels that a patch shows, each counted once, under a linear
    layer, and t the teacher's feature of the patch, both less their mean over channels:
    ``L = w mean (1 - cos(v, t))`` over all patches that show a voxel; 0 of none.

    Args:
        teacher: Config of a :class:`FrozenImageTeacher` with one map, whose places are the patches.
        levels: Config of the :class:`LevelConcat` of the encoder's levels.
        head: Config of the linear layer from the voxels' width to the map's.
        loss_weight: w.
        shuffle: Give the voxels of each patch to another, as the control of a comparison.
        init_cfg: Initialisation config of mmengine.

    Source: arXiv 2510.23607 (Concerto); Concerto-v1m1 of github.com/Pointcept/Pointcept, with a factor of 10
        and a weight of 4/8. There the mean of the other terms takes the place of this one where there is no
        image, and a coarse voxel belongs to the patch in which its mean pixel lies.
    """

    def __init__(
        self,
        teacher: dict,
        levels: dict,
        head: dict,
        loss_weight: float = 5.0,
        shuffle: bool = False,
        init_cfg: dict | None = None,
    ) -> None:
        super().__init__(init_cfg)
        self.teacher, self.levels, self.head = map(MODELS.build, (teacher, levels, head))
        self.loss_weight = loss_weight
        self.shuffle = shuffle

    def forward(self, levels: Levels, inputs: dict[str, Any], data_samples: list | None) -> dict[str, Tensor]:
        """Loss of the patches of a view's images; the mean cosine is logged.

        Args:
            levels: Levels of a network for the view.
            inputs: ``inputs['view']`` has the images and their matches (:class:`CloudView`).
            data_samples: Not read.

        Raises:
            ValueError: If the teacher gives several maps.
        """
        view = inputs['view']
        feats, voxels = self.levels(levels.encoder)
        maps = self.teacher(view.images)
        if len(maps) != 1:
            raise ValueError(f'teacher must give one map, got {len(maps)}')
        target = maps[0].flatten(2).transpose(1, 2).flatten(0, 1)
        coarse = rows_of(view.voxels, voxels)[view.matches.voxel]
        regions = SeenRegions(maps[0].shape[-2:], self.shuffle)
        patch, row = regions(dataclasses.replace(view.matches, voxel=coarse), view.images.shape[-2:])
        means, shown = group_means(feats[row], patch, len(target))
        own = self.head(means[shown])
        if len(own) == 0:
            return dict(loss_image=global_mean(own.sum() + feats.sum() * 0, 0))
        own, target = (rows.float() - rows.float().mean(dim=1, keepdim=True) for rows in (own, target[shown]))
        cosine = cosine_similarity(own, target, dim=1).mean()
        loss = global_mean(self.loss_weight * (1 - cosine), len(own))
        return dict(loss_image=loss, image_cosine=cosine.detach())
