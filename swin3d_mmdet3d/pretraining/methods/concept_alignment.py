"""Concept alignment: what a cloud shows of a region of an image gets the semantics of that region."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from mmdet3d.registry import MODELS
from torch import Tensor
from torch.nn.functional import adaptive_avg_pool2d, cosine_similarity, normalize

from ...models.losses.global_mean import global_count, global_mean_of_sum
from ...models.necks.level_concat import rows_of
from ...structures import CloudView
from ..base import BasePretrainer, skipped_frames
from ..feature_spread import feature_spread


@MODELS.register_module()
class ConceptAlignment(BasePretrainer):
    """Concepts that cross-attention extracts from the cloud are aligned with features of an image encoder.

    Frames are divided into regions. Learned queries attend to the voxels that a region shows; the projected
    mean z of the concepts is compared with the mean g of the teacher's map over the region:

        L = mean over regions of (1 - cos(z, g)) + NCE(z, g), all regions of the batch being negatives.

    Args:
        teacher: Config of a :class:`FrozenImageTeacher`, CLIP's image encoder in the paper; g is of its last
            map.
        head: Config of a :class:`ConceptHead`, as wide as that map.
        matcher: Config of the choice of regions and voxels, with the grid of regions.
        level: Which of the student's levels is attended to; the finest by default.
        criterion: Config of the contrast.
        kwargs: Arguments of :class:`BasePretrainer`.

    Source: the abstract of arXiv 2212.08974, which is all that is public: knowledge comes from CLIP's image
        encoder, cross-attention extracts concept features from the cloud, and these are compared with the
        semantics of images. Regions, heads, losses and their weights are ours.
    """

    def __init__(
        self,
        teacher: dict,
        head: dict,
        matcher: dict | None = None,
        level: str | None = None,
        criterion: dict | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.teacher = MODELS.build(teacher)
        self.head = MODELS.build(head)
        self.matcher = MODELS.build(matcher or dict(type='mmdet3d.SeenRegions', grid=(3, 4)))
        self.criterion = MODELS.build(criterion or dict(type='mmdet3d.InfoNCE', temperature=0.07))
        self.level = level

    def loss(self, views: list[CloudView], data_samples: list | None) -> dict[str, Tensor]:
        """Both losses of the first view's regions; 0 where fewer than two of all processes show a voxel.

        Logged are the regions per frame that show a voxel, the frames skipped, the mean cosine that the best
        constant z has with the targets, the spread of both sides, 1 spread out and 0 collapsed, and the mean
        absolute cosine of two concepts of a region, 1 where all are one.
        """
        view = views[0]
        size = view.images.shape[-2:]
        levels = self.encode(view)
        feats, voxels = levels.finest if self.level is None else levels[self.level]
        rows = rows_of(view.voxels, voxels)
        region, row = self.matcher(replace(view.matches, voxel=rows[view.matches.voxel]), size)
        shown, group = region.unique(return_inverse=True)
        log = dict(
            regions_per_frame=feats.new_tensor(len(shown) / len(view.images)),
            skipped_frames=feats.new_tensor(float(skipped_frames(data_samples))),
        )
        if global_count(len(shown), feats) < 2:
            return dict(loss_cosine=self.zero_loss(), **log)
        target = self.targets(view.images)[shown]
        aligned, concepts = self.head(feats[row], group, len(shown))
        if len(shown) > 1:
            log.update(
                constant_cosine=normalize(target, dim=1).mean(dim=0).norm(),
                region_spread=feature_spread(aligned),
                target_spread=feature_spread(target),
                concept_cosine=mean_concept_cosine(concepts),
            )
        distance = 1 - cosine_similarity(aligned, target)
        return dict(
            loss_cosine=global_mean_of_sum(distance.sum(), len(shown)),
            loss_contrast=self.criterion(aligned, target),
            **log,
        )

    def targets(self, images: Tensor) -> Tensor:
        """Means ``(R, C)`` of the teacher's last map over all regions, in the matcher's order."""
        means = adaptive_avg_pool2d(self.teacher(images)[-1].float(), self.matcher.grid)
        return means.permute(0, 2, 3, 1).flatten(0, 2)


def mean_concept_cosine(concepts: Tensor) -> Tensor:
    """Mean absolute cosine of two different of the K concepts ``(G, K, C)`` of a group; 0 of a single one."""
    unit = normalize(concepts.detach(), dim=2)
    cosine = unit @ unit.transpose(1, 2)
    num_concepts = cosine.shape[1]
    others = num_concepts * max(1, num_concepts - 1)
    return (cosine.abs().sum(dim=(1, 2)) - cosine.diagonal(dim1=1, dim2=2).abs().sum(dim=1)).mean() / others
