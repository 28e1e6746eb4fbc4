"""Pri3D: an image network learns from views and geometry of scanned rooms."""

from __future__ import annotations

from typing import Any

from mmdet3d.registry import MODELS
from torch import Tensor, nn

from ...models.student_weights import weights_of
from ...structures import CloudView
from ..base import BasePretrainer, skipped_frames
from ..feature_spread import spreads


@MODELS.register_module()
class Pri3D(BasePretrainer):
    """Pixels of two images that show one place get one feature, and so do a pixel and the voxel it shows.

    What is pretrained is the image network, exported as ``image.pth``, whose backbone
    ``init_cfg=dict(type='StrictPretrained', checkpoint='image.pth', prefix='image.backbone.')`` loads. The
    network of the cloud learns with it, from the second term. Each term is left out where its parts are None.

    Args:
        image: Config of an :class:`ImageEncoder`.
        pixel_head: Config of what reads its maps at pixels, a :class:`PixelProjection`.
        criterion: Config of the contrastive loss of both terms.
        view_matcher: Config of the choice of pairs of pixels, :class:`SharedVoxelPixels`.
        matcher: Config of the choice of pairs of a pixel and a voxel.
        pixel_projection: Config of the projection of the pixels' features, for these pairs alone.
        point_head: Config of the projection of the voxels' features.
        depth_head: Config of a :class:`DepthHead` of the maps; images then need the field 'depth'
            (``KeepDepth``).
        depth_criterion: Config of the loss of its depth.
        kwargs: Arguments of :class:`BasePretrainer`.

    Raises:
        ValueError: If a part of a term is missing, or there is no term.

    Source: arXiv 2104.11225; pretrain/pri3d of github.com/Sekunde/Pri3D (9086edd). Departures:
        negatives come from the whole batch, there from the same pair of images; both terms find a voxel's
        pixels by one depth test, there of 5 and of 20 cm; pixels are read by bilinear interpolation, there
        at the nearest cell of the map.
    """

    def __init__(
        self,
        image: dict,
        pixel_head: dict,
        criterion: dict,
        view_matcher: dict | None = None,
        matcher: dict | None = None,
        pixel_projection: dict | None = None,
        point_head: dict | None = None,
        depth_head: dict | None = None,
        depth_criterion: dict | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        geometry = dict(matcher=matcher, pixel_projection=pixel_projection, point_head=point_head)
        _check_terms(
            view=dict(view_matcher=view_matcher),
            geometry=dict(geometry, backbone=self.backbone),
            depth=dict(depth_head=depth_head, depth_criterion=depth_criterion),
        )
        self.image, self.pixel_head, self.criterion = map(MODELS.build, (image, pixel_head, criterion))
        self.view_matcher = _built(view_matcher)
        self.matcher, self.pixel_projection, self.point_head = map(_built, geometry.values())
        self.depth_head, self.depth_criterion = _built(depth_head), _built(depth_criterion)

    def loss(self, views: list[CloudView], data_samples: list | None) -> dict[str, Tensor]:
        """The terms of the first view; a contrast is 0 where fewer than two pairs match.

        Logged are the pairs of pixels of a sample, those of a pixel and a voxel of a frame, the spread of
        the features and the frames skipped.
        """
        view = views[0]
        maps = self.image(view.images)
        losses = dict(skipped_frames=view.feats.new_tensor(float(skipped_frames(data_samples))))
        if self.view_matcher is not None:
            losses.update(self._view_term(view, maps))
        if self.matcher is not None:
            losses.update(self._geometry_term(view, maps))
        if self.depth_head is not None:
            depth = self.depth_head(maps, view.images.shape[-2:])
            losses['loss_depth'] = self.depth_criterion(depth, view.at_images('depth'))
        return losses

    def _view_term(self, view: CloudView, maps: tuple[Tensor, ...]) -> dict[str, Tensor]:
        """Contrast of the pixels of two images; without projection, as in the paper."""
        size = view.images.shape[-2:]
        pairs = self.view_matcher(view.matches)
        first, second = (self.pixel_head(maps, own, size) for own in pairs)
        return dict(
            loss_view=self.criterion(first, second),
            pairs_per_sample=view.feats.new_tensor(len(first) / view.voxels.batch_size),
            **spreads(shared_pixel_spread=first),
        )

    def _geometry_term(self, view: CloudView, maps: tuple[Tensor, ...]) -> dict[str, Tensor]:
        """Contrast of pixels and voxels, in a space of their own."""
        pairs = self.matcher(view.matches)
        pixel = self.pixel_projection(self.pixel_head(maps, pairs, view.images.shape[-2:]))
        feats, _ = self.encode(view).finest
        point = self.point_head(feats[pairs.voxel])
        return dict(
            loss_geometry=self.criterion(pixel, point),
            pairs_per_frame=view.feats.new_tensor(len(pairs) / len(view.images)),
            **spreads(pixel_spread=pixel, point_spread=point),
        )

    def export(self) -> dict[str, dict[str, Tensor]]:
        """``image.pth`` with the image network, and the student of :class:`BasePretrainer`."""
        return {**super().export(), 'image.pth': weights_of(self.state_dict(), ('image',))}


def _check_terms(**terms: dict[str, Any]) -> None:
    """Raise ValueError unless some terms have all of their parts, and the others none."""
    for term, parts in terms.items():
        missing = [name for name, part in parts.items() if part is None]
        if 0 < len(missing) < len(parts):
            raise ValueError(f'the {term} term needs {", ".join(parts)}, got None for {", ".join(missing)}')
    if all(part is None for parts in terms.values() for part in parts.values()):
        raise ValueError(f'one of the terms {", ".join(terms)} must have its parts, got none')


def _built(part: dict | None) -> nn.Module | None:
    return None if part is None else MODELS.build(part)
