"""FixMatch on clouds: what a network is sure of in a weak view is what it learns in a strong one."""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from mmdet3d.registry import MODELS
from mmengine.model import BaseModel
from torch import Tensor

from ...models.evaluation_mode import evaluating
from ...models.losses.global_mean import global_mean
from ...models.voxel_labels import naming_scenes
from ...structures import CloudView
from ..matchers import voxels_of_same_points
from ..teachers import MomentumTeacher


@MODELS.register_module()
class FixMatch(BaseModel):
    """Trains a segmentor on scenes with labels and scenes without, in one batch.

    Every sample comes in a weak and a strong view (``MakeViews``). The second view of scenes with labels,
    whatever its augmentation, gives the ordinary loss. In scenes without, each voxel i of the strong view has
    the voxel of the weak view that holds its point. With q_i the probabilities that the segmentor, in eval
    mode and without gradient, gives that one, p_i those of voxel i itself, and U all such voxels i,

        loss_unlabelled = weight / |U| * sum over i of U of [max q_i >= threshold] CE(p_i, argmax q_i)

    The loss grows with the share of voxels that are sure; one whose point the weak view lacks is not.
    Predictions are the segmentor's own.

    Args:
        model: Config of a :class:`VoxelSegmentor` with a :class:`ViewPreprocessor`.
        threshold: Least probability, in [0, 1], of a pseudo-label.
        weight: Weight of the loss on scenes without labels.
        momentum: Pseudo-labels are those of a moving average of the segmentor, which keeps so much of its old
            weights each step, in place of the segmentor itself; None for none.
        shuffle: Exchange the pseudo-labels of voxels at random, as the control of a comparison.
        data_preprocessor: Config of the preprocessor; that of ``model`` by default.
        init_cfg: Initialisation config of mmengine.

    Raises:
        ValueError: If an argument does not fit, or a batch has not two views of samples that say whether
            their labels are hidden.

    Source: arXiv 2001.07685 for images, ``loss_xeu`` in fixmatch.py of github.com/google-research/fixmatch,
        whose weak view is in training mode; arXiv 2111.10079 evaluates it for segmentation of satellite
        images. The form for the voxels of a cloud is ours.
    """

    def __init__(
        self,
        model: dict,
        threshold: float = 0.95,
        weight: float = 1.0,
        momentum: float | None = None,
        shuffle: bool = False,
        data_preprocessor: dict | None = None,
        init_cfg: dict | None = None,
    ) -> None:
        if not 0 <= threshold <= 1:
            raise ValueError(f'threshold must lie in [0, 1], got {threshold}')
        if not weight >= 0:
            raise ValueError(f'weight must be 0 or more, got {weight}')
        model = MODELS.build(model)
        super().__init__(data_preprocessor or model.data_preprocessor, init_cfg)
        self.model = model
        self.threshold = threshold
        self.weight = weight
        self.shuffle = shuffle
        self.teacher = None if momentum is None else MomentumTeacher(dict(model=self.model), momentum)

    def init_weights(self) -> None:
        """Initialise the segmentor; its moving average starts as it is."""
        super().init_weights()
        if self.teacher is not None:
            self.teacher.start(self)

    def export(self) -> dict[str, dict[str, Tensor]]:
        """``model.pth``: all weights of the plain segmentor, under its own names."""
        return {'model.pth': self.model.state_dict()}

    def forward(self, inputs: dict, data_samples: list | None = None, mode: str = 'tensor') -> Any:
        """Losses of a batch of views (mode 'loss'), else what the segmentor does with a plain batch."""
        if mode == 'loss':
            return self.loss(inputs['views'], data_samples)
        return self.model(inputs, data_samples, mode=mode)

    def loss(self, views: list[CloudView], data_samples: list) -> dict[str, Tensor]:
        """Losses on scenes with and without labels, 0 where a batch has none of them.

        Logged are ``confident_share``, the share of the voxels without labels that have a pseudo-label, and
        ``pseudo_accuracy``, that of the right ones among those whose label is known.
        """
        if len(views) != 2:
            raise ValueError(f'a sample must have a weak and a strong view, got {len(views)} views')
        weak, strong = views
        rows = unlabelled_rows(strong, data_samples)
        if len(rows):  # ahead of the strong view, which moves the statistics of norms
            hidden = weak.select(unlabelled_rows(weak, data_samples))
            confidence, label = (values[rows] for values in self._pseudo_labels(hidden, strong))
        logits = self.model.voxel_logits(strong.feats, strong.voxels)
        labels = strong.at_voxels('pts_semantic_mask').long()
        with naming_scenes(lambda: strong.voxels.coords[:, 0], data_samples):
            losses = self.model.decode_head.loss_by_logits(logits, labels)
        if not len(rows):
            return dict(losses, loss_unlabelled=global_mean(logits.sum() * 0, 0))
        kept = confidence >= self.threshold
        if self.shuffle:
            label[kept] = label[kept][torch.randperm(int(kept.sum()), device=label.device)]
        error = F.cross_entropy(logits[rows][kept].float(), label[kept], reduction='sum')
        log = dict(confident_share=kept.float().mean())
        truth = strong.at_voxels('hidden_labels')[rows]
        known = kept & (truth != self.model.decode_head.ignore_index)
        if bool(known.any()):
            log['pseudo_accuracy'] = (label == truth)[known].float().mean()
        loss = global_mean(self.weight * error / len(rows), len(rows))
        return dict(losses, loss_unlabelled=loss, **log)

    @torch.no_grad()
    def _pseudo_labels(self, weak: CloudView, strong: CloudView) -> tuple[Tensor, Tensor]:
        """Confidence ``(N,)``, -1 where the weak view lacks the point, and class ``(N,)`` int64 of voxels."""
        voxels = weak.voxels.without_empty_scenes()
        if self.teacher is not None:
            logits = self.teacher.networks['model'].voxel_logits(weak.feats, voxels)
        else:
            with evaluating(self.model):
                logits = self.model.voxel_logits(weak.feats, voxels)
        confidence, label = logits.float().softmax(dim=1).max(dim=1)
        voxel = voxels_of_same_points(weak, strong)
        return torch.where(voxel >= 0, confidence[voxel], -1.0), label[voxel]


def unlabelled_rows(view: CloudView, data_samples: list) -> Tensor:
    """The voxels ``(M,)`` int64, ascending, of samples whose labels are hidden.

    Raises:
        ValueError: If a sample does not say whether they are.
    """
    hidden = [sample.metainfo.get('labels_hidden') for sample in data_samples]
    if None in hidden:
        raise ValueError(
            'samples must have labels_hidden, which HideLabels gives, among the meta_keys that are packed'
        )
    of_voxels = torch.tensor(hidden, device=view.feats.device)[view.voxels.coords[:, 0].long()]
    return of_voxels.nonzero().flatten()
