"""DPCo: contrast between the formats of one measurement, its point cloud and its depth map."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from mmdet3d.registry import MODELS
from torch import Tensor, nn

from ...models.losses.global_mean import global_mean
from ...structures import CloudView, PixelMatches
from ..base import BasePretrainer, skipped_frames
from ..feature_spread import feature_spread
from ..group_pooling import group_maxima
from ..teachers import MomentumTeacher

FORMATS = ('cloud', 'depth')
Features = tuple[Tensor, Sequence[Tensor]]
"""Of a cloud's voxels, ``(N, C)``, and of depth maps, ``(B, C, h, w)`` of each level."""


@MODELS.register_module()
class DPCo(BasePretrainer):
    """The depth map and the point cloud of a frame get the same features, as wholes and place by place.

    A frame has two views, each a cloud and a depth map with one crop. k are the keys of networks that follow
    by momentum, c and d the two formats, p and x the features of voxels and of pixels that show them:

        L_global = (NCE(code_d(1), k_c(2)) + NCE(code_c(1), k_d(2))) / 2,
        L_local = mean over frames of NCE(p, x).

    A code is the projection of the largest features of all positions; its negatives are earlier keys of the
    format. Negatives of places are those of the own frame.

    Args:
        depth: Config of an :class:`ImageEncoder`, which is given metres in three channels.
        cloud_code: Config of the projection of a cloud's largest features.
        depth_code: That of the largest features of a depth map, all levels side by side.
        point_head: Config of the projection of voxels for the local contrast.
        pixel_head: Config of the projection of pixels, a :class:`PixelProjection` of all levels.
        queue: Config of the global contrast, a :class:`QueueNCE`; there is one for the keys of each format.
        criterion: Config of the local contrast.
        matcher: Config of the choice of pairs of a frame.
        global_formats: Which formats the global term trains, 'cloud', 'depth' or both; () leaves it out.
        local_formats: The same of the local term. Of a format that it does not train the features are those
            of the networks that follow.
        momentum: Share of their weights that these keep in a step.
        kwargs: Arguments of :class:`BasePretrainer`.

    Raises:
        ValueError: If there is another format, or none in both terms.

    Source: arXiv 2207.04997 and github.com/lilanxiao/Invar3D, whose momentum networks keep running statistics
        of their own; here they take over those of the student. One format in the local and the other in the
        global term is its asymmetric form.
    """

    def __init__(
        self,
        depth: dict,
        cloud_code: dict,
        depth_code: dict,
        point_head: dict,
        pixel_head: dict,
        queue: dict,
        criterion: dict,
        matcher: dict | None = None,
        global_formats: Sequence[str] = FORMATS,
        local_formats: Sequence[str] = FORMATS,
        momentum: float = 0.999,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        unknown = {*global_formats, *local_formats} - set(FORMATS)
        if unknown or not (global_formats or local_formats):
            raise ValueError(
                f'global_formats and local_formats must name some of {FORMATS}, '
                f'got {tuple(global_formats)} and {tuple(local_formats)}'
            )
        self.global_formats, self.local_formats = global_formats, local_formats
        heads = dict(
            cloud_code=cloud_code, depth_code=depth_code, point_head=point_head, pixel_head=pixel_head
        )
        self.heads = nn.ModuleDict({name: MODELS.build(head) for name, head in heads.items()})
        self.depth = MODELS.build(depth)
        self.queues = nn.ModuleDict({name: MODELS.build(queue) for name in FORMATS})
        self.criterion = MODELS.build(criterion)
        self.matcher = MODELS.build(matcher or dict(type='mmdet3d.OnePixelPerVoxel', max_pairs=512))
        networks = {name: getattr(self, name) for name in ('backbone', 'neck', 'depth', 'heads')}
        self.teacher = MomentumTeacher(networks, momentum)

    def loss(self, views: list[CloudView], data_samples: list | None) -> dict[str, Tensor]:
        """Global term of two views and local term of the first; this is 0 where no pixel shows a voxel.

        Logged are the pairs per frame, the spread of points and pixels, and the frames skipped.

        Raises:
            ValueError: If a view has not one depth map for each cloud.
        """
        for view in views:
            counts = len(view.at_images('depth')), view.voxels.batch_size
            if counts[0] != counts[1]:
                raise ValueError(
                    f'views must have one depth map for each cloud, got {counts[0]} for {counts[1]}'
                )
        feats = self.encode(views[0]).finest[0], self.depth(as_images(views[0]))
        losses = dict(skipped_frames=views[0].feats.new_tensor(float(skipped_frames(data_samples))))
        if self.global_formats:
            losses['loss_global'] = self.global_loss(feats, views)
        if self.local_formats:
            losses.update(self.local_loss(feats, views[0]))
        return losses

    def global_loss(self, feats: Features, views: list[CloudView]) -> Tensor:
        """Mean over the trained formats: the first view's code against keys of the second, other format."""
        query = codes(self.heads, feats, views[0])
        with torch.no_grad():
            key = codes(self.teacher.networks['heads'], self.steady(views[1]), views[1])
        pairs = [pair for pair in (FORMATS, FORMATS[::-1]) if pair[0] in self.global_formats]
        return sum(self.queues[other](query[own], key[other]) for own, other in pairs) / len(pairs)

    def local_loss(self, feats: Features, view: CloudView) -> dict[str, Tensor]:
        """Mean over the frames of which at least two voxels are shown, and what is logged."""
        of_frames = [
            self.matcher(view.matches.select((view.matches.image == image).nonzero().flatten()))
            for image in range(view.voxels.batch_size)
        ]
        log = dict(pairs_per_frame=view.feats.new_tensor(sum(map(len, of_frames)) / len(of_frames)))
        of_frames = [pairs for pairs in of_frames if len(pairs) > 1]
        if not of_frames:
            return dict(loss_local=global_mean(self.zero_loss(), 0), **log)
        pairs = PixelMatches(
            *(torch.cat([getattr(own, name) for own in of_frames]) for name in ('image', 'pixel', 'voxel'))
        )
        places = at_pairs(self.heads, feats, view, pairs)
        if len(self.local_formats) == 1:
            with torch.no_grad():
                steady = at_pairs(self.teacher.networks['heads'], self.steady(view), view, pairs)
            places = {name: (places if name in self.local_formats else steady)[name] for name in FORMATS}
        log.update(point_spread=feature_spread(places['cloud']), pixel_spread=feature_spread(places['depth']))
        counts = [len(own) for own in of_frames]
        by_frame = zip(*(places[name].split(counts) for name in FORMATS))
        terms = [self.criterion(*rows, alone=True) for rows in by_frame]
        return dict(loss_local=global_mean(torch.stack(terms).mean(), len(terms)), **log)

    @torch.no_grad()
    def steady(self, view: CloudView) -> Features:
        """Features of a view by the networks that follow."""
        return self.teacher.encode(view).finest[0], self.teacher.networks['depth'](as_images(view))


def as_images(view: CloudView) -> Tensor:
    """The depth of a view's frames in three channels, ``(B, 3, height, width)`` float32 metres."""
    return view.at_images('depth')[:, None].expand(-1, 3, -1, -1)


def codes(heads: nn.ModuleDict, feats: Features, view: CloudView) -> dict[str, Tensor]:
    """Codes ``(B, E)`` of both formats: the largest features of all positions, projected."""
    cloud, maps = feats
    batch = view.voxels.coords[:, 0].long()
    largest, _ = group_maxima(cloud, batch, view.voxels.batch_size)
    of_maps = torch.cat([one.amax(dim=(2, 3)) for one in maps], dim=1)
    return dict(cloud=heads['cloud_code'](largest), depth=heads['depth_code'](of_maps))


def at_pairs(
    heads: nn.ModuleDict, feats: Features, view: CloudView, pairs: PixelMatches
) -> dict[str, Tensor]:
    """Projected features ``(M, E)`` of voxels and of the pixels that show them."""
    cloud, maps = feats
    size = view.at_images('depth').shape[-2:]
    return dict(cloud=heads['point_head'](cloud[pairs.voxel]), depth=heads['pixel_head'](maps, pairs, size))
