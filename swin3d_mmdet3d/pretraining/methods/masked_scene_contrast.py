"""MSC, Masked Scene Contrast: two views that hide different cells, contrast and reconstruction at once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from mmdet3d.registry import MODELS
from torch import Tensor, nn

from ...structures import CloudView
from ..base import BasePretrainer
from ..feature_spread import feature_spread
from ..maskers import hide_voxels


@MODELS.register_module()
class MaskedSceneContrast(BasePretrainer):
    """The voxels of two crops that lay in one place get one feature, and hidden voxels what they look like.

    Each view hides other cells of the recording: features and signals of hidden voxels are replaced, their
    places stay. ``L = NCE(f_1, f_2) + sum of the reconstruction losses of hidden voxels of both views``.
    Mixing the first view with another scene is a matter of its pipeline (``Mix3D``).

    Args:
        masker: Config of the cross masks, called on both views.
        matcher: Config of the choice of pairs.
        criterion: Config of the loss of both views' features and the pairs, with its weight.
        reconstruction: Name -> config of a head with its loss and weight, such as
            ``dict(color=dict(type='ColorReconstruction', in_channels=32))``; may be empty.
        kwargs: Arguments of :class:`BasePretrainer`.

    Source: arXiv 2303.14191; MSC-v1m1 of github.com/Pointcept/Pointcept.
    """

    def __init__(
        self,
        masker: dict,
        matcher: dict,
        criterion: dict,
        reconstruction: Mapping[str, dict],
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.masker, self.matcher, self.criterion = map(MODELS.build, (masker, matcher, criterion))
        self.reconstruction = nn.ModuleDict(
            {name: MODELS.build(head) for name, head in reconstruction.items()}
        )
        self.token = nn.Parameter(torch.empty(self.backbone.in_channels))
        nn.init.trunc_normal_(self.token, std=0.02)

    def loss(self, views: list[CloudView], data_samples: list | None) -> dict[str, Tensor]:
        """Contrast of the pairs of two views and reconstruction of what they hide; 0 where there is none.

        Logged are the pairs of a sample, the share of hidden voxels and the spread of the paired features.
        """
        masks = self.masker(*views)
        feats = [
            self.encode(hide_voxels(view, mask, self.token)).finest[0] for view, mask in zip(views, masks)
        ]
        pairs = self.matcher(*views)
        hidden = torch.cat([level[mask] for level, mask in zip(feats, masks)])
        points = torch.cat([_points_of_voxels(view)[mask] for view, mask in zip(views, masks)])
        losses = {f'loss_{name}': head(hidden, points) for name, head in self.reconstruction.items()}
        log = dict(
            pairs_per_sample=hidden.new_tensor(len(pairs[0]) / views[0].voxels.batch_size),
            hidden_share=torch.cat(masks).float().mean(),
        )
        if len(pairs[0]) > 1:
            log.update(point_spread=feature_spread(feats[0][pairs[0]]))
        return dict(loss_contrast=self.criterion(*feats, pairs), **losses, **log)


def _points_of_voxels(view: CloudView) -> Tensor:
    """The point ``(N, 6)`` or ``(N, 9)`` that represents each voxel, as the pipeline made it."""
    return torch.cat(view.points)[view.representative]
