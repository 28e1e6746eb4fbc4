"""SimIPU: an image network learns from the features of points, which learn from their own augmentation."""

from __future__ import annotations

from typing import Any

import torch
from mmdet3d.registry import MODELS
from torch import Tensor

from ...models.image_networks import sample_pixels
from ...models.student_weights import weights_of
from ...structures import CloudView, PixelMatches
from ..base import BasePretrainer, skipped_frames
from ..feature_spread import spreads

DETACHED = ('features', 'projection')


@MODELS.register_module()
class SimIPU(BasePretrainer):
    """Voxels of a cloud and of its augmented copy agree, and a pixel agrees with the voxel that it shows.

    The intra-modal term trains the network of the cloud on the first view; the second one gives its keys
    without gradient. The inter-modal term trains the image network on the features of the first view, which
    it does not change. ``image.pth`` and ``student.pth`` hold both networks.

    Args:
        image: Config of an :class:`ImageEncoder`; its maps are read side by side.
        view_matcher: Config of the choice of pairs of voxels, which takes both views.
        view_head: Config of the projection of the voxels' features for the first term.
        matcher: Config of the choice of pairs of a pixel and a voxel.
        pixel_head: Config of the projection of the pixels' features.
        point_head: Config of the projection of the voxels' features for the second term.
        criterion: Config of the contrastive loss of both terms.
        detach: 'features': the features that the second term compares with do not learn from it, their
            projection does. 'projection': neither does, as in the released code, whose projection stays at
            its random weights.
        kwargs: Arguments of :class:`BasePretrainer`.

    Raises:
        ValueError: If ``detach`` is neither.

    Source: arXiv 2112.04680; github.com/zhyever/SimIPU (5b346e3). Departures: the nearest voxel within a
        radius is the partner, there one by Hungarian matching however far; voxels outside of the images have
        no pair, there zeros, as one more query each.
    """

    def __init__(
        self,
        image: dict,
        view_matcher: dict,
        view_head: dict,
        matcher: dict,
        pixel_head: dict,
        point_head: dict,
        criterion: dict,
        detach: str = 'features',
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        if detach not in DETACHED:
            raise ValueError(f'detach must be one of {DETACHED}, got {detach!r}')
        self.image = MODELS.build(image)
        self.view_matcher, self.view_head = MODELS.build(view_matcher), MODELS.build(view_head)
        self.matcher = MODELS.build(matcher)
        self.pixel_head, self.point_head = MODELS.build(pixel_head), MODELS.build(point_head)
        self.criterion = MODELS.build(criterion)
        self.detach = detach

    def loss(self, views: list[CloudView], data_samples: list | None) -> dict[str, Tensor]:
        """Both terms of the first two views; each is 0 where fewer than two pairs match.

        Logged are the pairs of a sample and of a frame, the spread of the features and the frames skipped.
        """
        first, second = views[:2]
        feats, _ = self.encode(first).finest
        with torch.no_grad():
            keys, _ = self.encode(second).finest
        rows, others = self.view_matcher(first, second)
        query = self.view_head(feats[rows])
        with torch.no_grad():
            key = self.view_head(keys[others])
        pairs = self.matcher(first.matches)
        pixel, point = self._pixels(first, pairs), self._points(feats[pairs.voxel])
        losses = dict(
            loss_intra=self.criterion(query, key),
            loss_inter=self.criterion(pixel, point),
            pairs_per_sample=feats.new_tensor(len(rows) / first.voxels.batch_size),
            pairs_per_frame=feats.new_tensor(len(pairs) / len(first.images)),
            skipped_frames=feats.new_tensor(float(skipped_frames(data_samples))),
        )
        return losses | spreads(point_spread=query, pixel_spread=pixel)

    def _pixels(self, view: CloudView, pairs: PixelMatches) -> Tensor:
        """Projected features ``(M, C)`` of the pixels."""
        size = view.images.shape[-2:]
        maps = [sample_pixels(one, pairs, size) for one in self.image(view.images)]
        return self.pixel_head(torch.cat(maps, dim=1))

    def _points(self, feats: Tensor) -> Tensor:
        """Projected features ``(M, C)`` of the voxels that the pixels show."""
        if self.detach == 'features':
            return self.point_head(feats.detach())
        with torch.no_grad():
            return self.point_head(feats)

    def export(self) -> dict[str, dict[str, Tensor]]:
        """``image.pth`` with the image network, and the student of :class:`BasePretrainer`."""
        return {**super().export(), 'image.pth': weights_of(self.state_dict(), ('image',))}
