"""MD, mixing and disentangling: two scenes are mixed, and a hint of either shall find its voxels again."""

from __future__ import annotations

from typing import Any

import torch
from mmdet3d.registry import MODELS
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits

from ...models.losses.global_mean import global_mean, process_weight
from ...structures import CloudView, Ragged
from ..base import BasePretrainer
from ..maskers.mixed_halves import NOBODY, middles


@MODELS.register_module()
class MD(BasePretrainer):
    """Mixing and disentangling of scenes: which voxel of a mixture is whose.

    The student encodes the mixture of random halves of two scenes. A decoder gets a hint of one of them,
    voxels that are not in the mixture with one coordinate of each set to 0, and tells of every voxel of the
    mixture whether it is of that scene: L = BCE(first) + BCE(second), over the voxels that one scene claims.

    Args:
        mixer: Config of a :class:`MixedHalves`.
        decoder: Config of an :class:`InstanceAdaptiveDecoder`; rows of its hints are x, y, z in metres and
            the student's input features.
        kwargs: Arguments of :class:`BasePretrainer`.

    Source: arXiv 2109.00452; github.com/layumi/3D-Pretraining (8e8f70c), of single objects, which the decoder
        rebuilds by a Chamfer distance out of hints that keep two of three coordinates of every point. The
        owner in place of points is ours: of whole scenes such a hint gives away nearly all. Its loss of
        embeddings is left out; with it, the released code cannot run.
    """

    def __init__(self, mixer: dict, decoder: dict, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.mixer = MODELS.build(mixer)
        self.decoder = MODELS.build(decoder)

    def loss(self, views: list[CloudView], data_samples: list | None) -> dict[str, Tensor]:
        """Loss of both hints of the mixtures of the first view; 0 where there is nothing to mix.

        Logged are the share of voxels that are given to their owner, 0.5 by chance, and of those that both
        scenes claim.
        """
        view = views[0]
        mixture = self.mixer(view)
        if mixture is None or not bool((mixture.owner != NOBODY).any()):
            nothing = global_mean(self.zero_loss(), 0)
            return dict(loss_first=nothing, loss_second=nothing)
        feats, voxels = self.encode(mixture).finest
        owned = mixture.owner != NOBODY
        owner = mixture.owner[owned]
        weight, losses, right = process_weight(len(owner), feats), {}, []
        for role, name in enumerate(('first', 'second')):
            logits = self.decoder(feats, voxels, self.hint_rows(view, mixture.hints[role]))[owned]
            target = owner == role
            losses[f'loss_{name}'] = weight * binary_cross_entropy_with_logits(logits, target.to(logits))
            right.append(((logits > 0) == target).float().mean())
        return dict(losses, owner_accuracy=torch.stack(right).mean(), shared_voxels=1 - owned.float().mean())

    def hint_rows(self, view: CloudView, hints: Ragged) -> Ragged:
        """Rows ``(Q, 3 + C)`` of hints: places in metres about the scene's middle, one axis at random 0."""
        rows = hints.values
        sample = view.voxels.coords[rows, 0].long()
        place = (view.voxels.coords[rows, 1:] - middles(view.voxels)[sample]) * view.voxels.voxel_size
        kept = torch.ones_like(place)
        kept[torch.arange(len(rows)), torch.randint(3, (len(rows),), device=rows.device)] = 0
        return Ragged(torch.cat([place * kept, view.feats[rows]], dim=1), hints.ptr)
