"""MvDeCor: dense correspondences of views teach an image network."""

from __future__ import annotations

from mmdet3d.registry import MODELS
from torch import Tensor

from ...models.student_weights import weights_of
from ...structures import CloudView
from ..base import BasePretrainer, skipped_frames
from ..feature_spread import feature_spread


@MODELS.register_module()
class MvDeCor(BasePretrainer):
    """Pixels of two images that show one place get one feature, other pixels of the batch another one.

    There is no network of the cloud, which tells what corresponds alone. Frames of scans and rendered views
    (``AxisViews``) serve alike. ``image.pth`` holds the image network and what reads it, for a
    :class:`PixelSegmentor`.

    Args:
        image: Config of an :class:`ImageEncoder`.
        pixel_head: Config of what reads its maps at pixels, a :class:`PixelProjection`.
        matcher: Config of the choice of pairs of pixels, :class:`SharedVoxelPixels`.
        criterion: Config of the contrastive loss.
        data_preprocessor: Config of a :class:`ViewPreprocessor`.
        init_cfg: Initialisation config of mmengine.

    Source: arXiv 2208.08580; github.com/nv-tlabs/MvDeCor (d3348ae). Departures: a voxel that two images show
        is the correspondence, there the nearest surface point within 0.005 of the unit sphere, for each
        direction by itself; no pair is drawn twice, there with replacement, so that copies of a pair are each
        other's negatives; negatives come from the whole batch, there from the same pair of images.
    """

    def __init__(
        self,
        image: dict,
        pixel_head: dict,
        matcher: dict,
        criterion: dict,
        data_preprocessor: dict | None = None,
        init_cfg: dict | None = None,
    ) -> None:
        super().__init__(data_preprocessor=data_preprocessor, init_cfg=init_cfg)
        self.image = MODELS.build(image)
        self.pixel_head = MODELS.build(pixel_head)
        self.matcher = MODELS.build(matcher)
        self.criterion = MODELS.build(criterion)

    def loss(self, views: list[CloudView], data_samples: list | None) -> dict[str, Tensor]:
        """Contrast of the first view's images; 0 where fewer than two pairs match.

        Logged are the pairs of a sample, the spread of the features and the frames skipped.
        """
        view = views[0]
        maps, size = self.image(view.images), view.images.shape[-2:]
        pairs = self.matcher(view.matches)
        first, second = (self.pixel_head(maps, own, size) for own in pairs)
        losses = dict(
            loss_views=self.criterion(first, second),
            pairs_per_sample=view.feats.new_tensor(len(first) / view.voxels.batch_size),
            skipped_frames=view.feats.new_tensor(float(skipped_frames(data_samples))),
        )
        if len(first) > 1:
            losses['pixel_spread'] = feature_spread(first)
        return losses

    def export(self) -> dict[str, dict[str, Tensor]]:
        """``image.pth``: the image network and what reads it at pixels."""
        return {'image.pth': weights_of(self.state_dict(), ('image', 'pixel_head'))}
