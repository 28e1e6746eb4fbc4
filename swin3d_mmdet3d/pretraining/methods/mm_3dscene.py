"""MM-3DScene: masked scenes are reconstructed, and agree with what a teacher sees of more of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from mmdet3d.registry import MODELS
from swin3d_ops.voxel_index import lookup
from torch import Tensor, nn

from ...structures import CloudView, FeatureLevel, Levels
from ..base import BasePretrainer
from ..feature_spread import feature_spread
from ..teachers import MomentumTeacher


@MODELS.register_module()
class MM3DScene(BasePretrainer):
    """Informative-preserved reconstruction and self-distilled consistency.

    The student sees the visible voxels of a scene and nothing of the others, its moving average those of the
    target, which are somewhat more. At every scale of the decoder the student folds each voxel into points,
    whose Chamfer distance to the target's voxels is the reconstruction; and its voxels shall have the
    teacher's features of the same voxels, those of the scene's others being the negatives.

    Both losses are means over the scenes of a batch and sums over the scales.

    Args:
        masker: Config of a masker ``view -> (visible rows, target rows)``: :class:`InformativeVoxels`, or
            :class:`RandomVoxels` as a control.
        folding: Config of the :class:`FoldingHead` of each scale, without ``in_channels``. Its offsets are in
            edges of the scale's voxels.
        channels: Width of each scale of the decoder, fine to coarse; of the backbone's levels without a neck.
        chamfer: Config of the distance between the folded points and the target's, in metres.
        criterion: Config of the contrastive loss.
        momentum: Share of the teacher's old weights.
        max_pairs: Most voxels of a scene that are contrasted at a scale, drawn at random.
        kwargs: Arguments of :class:`BasePretrainer`.

    Source: arXiv 2212.09948; numbers and widths as in segmentation/ of github.com/MingyeXu/mm-3dscene. There
        the scores of the masks are those of a batch, the reconstruction is a sum over its scenes, offsets are
        in metres, the teacher trains its own batch norms, and its features are interpolated.
    """

    def __init__(
        self,
        masker: dict,
        folding: dict,
        channels: Sequence[int],
        chamfer: dict | None = None,
        criterion: dict | None = None,
        momentum: float = 0.99,
        max_pairs: int = 4096,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        if max_pairs < 2:
            raise ValueError(f'max_pairs must be at least 2, got {max_pairs}')
        self.masker = MODELS.build(masker)
        # a head reads the feature of a voxel and its place
        self.folding = nn.ModuleList(MODELS.build(dict(folding, in_channels=width + 3)) for width in channels)
        self.chamfer = MODELS.build(chamfer or dict(type='mmdet3d.ChamferLoss'))
        self.criterion = MODELS.build(criterion or dict(type='mmdet3d.InfoNCE', temperature=0.07))
        self.teacher = MomentumTeacher(dict(backbone=self.backbone, neck=self.neck), momentum)
        self.max_pairs = max_pairs

    def loss(self, views: list[CloudView], data_samples: list | None) -> dict[str, Tensor]:
        """Reconstruction and consistency of the first view.

        Logged are the share of visible voxels, the Chamfer distance of each scale, fine to coarse, and the
        spread of the student's finest features.

        Raises:
            ValueError: If the student has not a scale for each of ``channels``.
        """
        view = views[0]
        visible, target = self.masker(view)
        shown = view.select(target)
        scales = self._scales(self.encode(view.select(visible)))
        taught = self._scales(self.teacher.encode(shown))
        place, ptr = shown.voxels.place, shown.voxels.ptr
        distances = [
            self.chamfer(*_unfolded(head, scale), place, ptr) for head, scale in zip(self.folding, scales)
        ]
        consistency = [self._consistency(scale, goal) for scale, goal in zip(scales, taught)]
        log = {f'chamfer_{level}': distance.detach() for level, distance in enumerate(distances)}
        return dict(
            loss_reconstruction=sum(distances),
            loss_consistency=sum(consistency),
            visible_share=view.feats.new_tensor(len(visible) / len(view.voxels)),
            student_spread=feature_spread(scales[0][0]),
            **log,
        )

    def _scales(self, levels: Levels) -> tuple[FeatureLevel, ...]:
        """The levels of the decoder, of the backbone where that has its own, fine to coarse."""
        scales = levels.decoder or levels.encoder
        if len(scales) != len(self.folding):
            raise ValueError(f'channels must name {len(scales)} scales, got {len(self.folding)}')
        return scales

    def _consistency(self, scale: FeatureLevel, goal: FeatureLevel) -> Tensor:
        """Contrast of the student's voxels with the same of the teacher's, a mean over scenes.

        The target holds all visible voxels, so that each cell of the student is one of the teacher's.
        """
        (feats, voxels), (goals, goal_voxels) = scale, goal
        same = lookup(goal_voxels.coords, voxels.coords)
        losses = []
        for start, count in zip(voxels.host_ptr, voxels.counts):
            rows = start + torch.randperm(count, device=feats.device)[: self.max_pairs]
            losses.append(self.criterion(feats[rows], goals[same[rows]], alone=True))
        return sum(losses) / len(losses)


def _unfolded(head: nn.Module, scale: FeatureLevel) -> tuple[Tensor, Tensor]:
    """The points ``(N K, 3)`` in metres that N voxels unfold to, and their bounds by scene."""
    feats, voxels = scale
    place = voxels.place
    offsets = head(torch.cat([feats, place.to(feats)], dim=1))
    points = place[:, None] + offsets * (voxels.stride * voxels.voxel_size)
    return points.flatten(0, 1), voxels.ptr * offsets.shape[1]
