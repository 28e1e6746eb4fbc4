"""PointContrast: contrast of the points that two views of a scene share."""

from __future__ import annotations

from typing import Any

from mmdet3d.registry import MODELS
from torch import Tensor

from ...structures import CloudView
from ..base import BasePretrainer, skipped_frames
from ..feature_spread import spreads


@MODELS.register_module()
class PointContrast(BasePretrainer):
    """Voxels of two views that show one place get one feature, others different ones.

    Args:
        head: Config of the projection of the student's features.
        matcher: Config of the choice of pairs, which takes both views.
        criterion: Config of the loss of both views' features and the pairs: ``InfoNCE`` (PointInfoNCE) or
            ``HardestContrast``.
        kwargs: Arguments of :class:`BasePretrainer`.

    Source: arXiv 2007.10985.
    """

    def __init__(self, head: dict, matcher: dict, criterion: dict, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.head = MODELS.build(head)
        self.matcher = MODELS.build(matcher)
        self.criterion = MODELS.build(criterion)

    def loss(self, views: list[CloudView], data_samples: list | None) -> dict[str, Tensor]:
        """Contrast of the first two views; 0 where fewer than two voxels match.

        Logged are the pairs of a sample, the spread of the features and the frames skipped.
        """
        first, second = views[:2]
        pairs = self.matcher(first, second)
        log = dict(
            pairs_per_sample=first.feats.new_tensor(len(pairs[0]) / first.voxels.batch_size),
            skipped_frames=first.feats.new_tensor(float(skipped_frames(data_samples))),
        )
        query, key = (self.head(self.encode(view).finest[0]) for view in (first, second))
        log.update(spreads(point_spread=query[pairs[0]]))
        return dict(loss_contrast=self.criterion(query, key, pairs), **log)
