"""PPKT: contrastive pixel-to-point knowledge transfer from a frozen image network."""

from __future__ import annotations

from typing import Any

from mmdet3d.registry import MODELS
from torch import Tensor

from ...structures import CloudView
from ..base import BasePretrainer, skipped_frames
from ..feature_spread import spreads


@MODELS.register_module()
class PPKT(BasePretrainer):
    """A point and the pixel that shows it get the same feature, other pixels of the batch another one.

    Args:
        teacher: Config of a :class:`FrozenImageTeacher`.
        point_head: Config of the projection of the student's features.
        pixel_head: Config of the up-sampling feature projection layer; it is trained with the student.
        matcher: Config of the choice of pairs.
        criterion: Config of the contrastive loss.
        kwargs: Arguments of :class:`BasePretrainer`.

    Source: arXiv 2104.04687.
    """

    def __init__(
        self,
        teacher: dict,
        point_head: dict,
        pixel_head: dict,
        matcher: dict | None = None,
        criterion: dict | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.teacher = MODELS.build(teacher)
        self.point_head = MODELS.build(point_head)
        self.pixel_head = MODELS.build(pixel_head)
        self.matcher = MODELS.build(matcher or dict(type='mmdet3d.OnePixelPerVoxel', max_pairs=4096))
        self.criterion = MODELS.build(criterion or dict(type='mmdet3d.InfoNCE', temperature=0.04))

    def loss(self, views: list[CloudView], data_samples: list | None) -> dict[str, Tensor]:
        """PPNCE of the first view over the pixels of all processes; 0 where fewer than two show a voxel.

        Logged are the pairs per frame, the share of frames without a pair, in [0, 1], and the frames skipped.
        """
        view = views[0]
        pairs = self.matcher(view.matches)
        log = dict(
            pairs_per_frame=view.feats.new_tensor(len(pairs) / len(view.images)),
            frames_without_pairs=view.feats.new_tensor(1 - len(pairs.image.unique()) / len(view.images)),
            skipped_frames=view.feats.new_tensor(float(skipped_frames(data_samples))),
        )
        feats, _ = self.encode(view).finest
        point = self.point_head(feats[pairs.voxel])
        pixel = self.pixel_head(self.teacher(view.images), pairs, view.images.shape[-2:])
        log.update(spreads(point_spread=point, pixel_spread=pixel))
        return dict(loss_ppkt=self.criterion(point, pixel), **log)
