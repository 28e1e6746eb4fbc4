"""ACT on single objects: an autoencoder around a transformer of another modality is the teacher."""

from __future__ import annotations

from typing import Any

import torch
from mmdet3d.registry import MODELS
from mmengine.model import BaseModel
from torch import Tensor, nn
from torch.nn.functional import normalize

from ...models.evaluation_mode import evaluating
from ...models.student_weights import weights_of
from ...structures import PointTokens
from ..maskers.salient_cells import standardized


@MODELS.register_module()
class ACT(BaseModel):
    """Of an object's tokens few are shown; of the others the autoencoder's features are predicted.

        L = mean over hidden tokens of 1 - cos(prediction, feature)

    As published, the teacher is trained before (:class:`ACTAutoencoder`) and comes from a file by its
    ``init_cfg``. With a ``teacher_weight`` it is trained in the same run, and its losses are added; a
    :class:`ValueScheduleHook` that takes the weight to 0 ends that stage, and leaves the teacher as it is.

    Args:
        backbone: Config of a :class:`TokenTransformer` of one level.
        decoder: Config of a :class:`TokenDecoder` of one level.
        teacher: Config of an :class:`ACTAutoencoder`.
        masker: Config of the choice of visible tokens, :class:`SalientCells` at an infinite temperature.
        criterion: Config of the distance of predictions and features.
        teacher_weight: Weight of the teacher's own losses; 0 freezes it.
        standardize_features: Predict features with mean 0 and variance 1 over the hidden tokens of a batch.
            Those of a teacher that has hardly learnt have nearly one direction, which alone is learnt then.
        data_preprocessor: Config of an :class:`ObjectPreprocessor`.
        init_cfg: Initialisation config of mmengine.

    Raises:
        ValueError: Naming ``backbone``, if it has several levels: groups of the teacher are of points.

    Source: arXiv 2212.08320, section 4.2; ``ACT_PointDistillation`` in models/act.py of
        github.com/RunpeiDong/ACT. There the teacher stays in training mode and draws its codes at random, so
        that targets change from step to step; here it is in eval mode and takes the likeliest codes.
    """

    def __init__(
        self,
        backbone: dict,
        decoder: dict,
        teacher: dict,
        masker: dict,
        criterion: dict | None = None,
        teacher_weight: float = 0.0,
        standardize_features: bool = False,
        data_preprocessor: dict | None = None,
        init_cfg: dict | None = None,
    ) -> None:
        super().__init__(data_preprocessor or dict(type='mmdet3d.ObjectPreprocessor'), init_cfg)
        self.backbone = MODELS.build(backbone)
        if len(self.backbone.channels) != 1:
            raise ValueError(f'backbone must have one level of tokens, got {len(self.backbone.channels)}')
        self.decoder = MODELS.build(decoder)
        self.teacher = MODELS.build(teacher)
        self.masker = MODELS.build(masker)
        self.criterion = MODELS.build(criterion or dict(type='mmdet3d.CosineDistance'))
        self.head = nn.Linear(self.backbone.channels[0], self.teacher.codebook.shape[1])
        self.teacher_weight = teacher_weight
        self.standardize_features = standardize_features
        if not teacher_weight:
            self.teacher.requires_grad_(False)

    def forward(
        self, inputs: dict[str, Tensor], data_samples: list | None = None, mode: str = 'tensor'
    ) -> Any:
        """Losses (mode 'loss'), levels (mode 'tensor'), or samples with ``object_feature`` (mode 'predict').

        Raises:
            ValueError: For another mode.
        """
        if mode == 'loss':
            return self.loss(inputs['points'])
        if mode not in ('tensor', 'predict'):
            raise ValueError(f"mode must be 'loss', 'tensor' or 'predict', got {mode!r}")
        levels = self.backbone(self.backbone.tokenize(inputs['points']))
        if mode == 'tensor':
            return levels
        for sample, feature in zip(data_samples, levels[0].feats.amax(dim=1)):
            sample.object_feature = feature
        return data_samples

    def loss(self, points: Tensor) -> dict[str, Tensor]:
        """Distance of the features of hidden tokens, and the teacher's own losses as long as it learns.

        Logged is ``features_at_mean``, the least distance that one prediction for all hidden tokens of the
        batch can have, 1 - |mean of the directions|.

        Args:
            points: ``(B, P, 3)``.
        """
        (tokens,) = levels = self.backbone.tokenize(points)
        losses = self._teacher_losses(tokens)
        with torch.no_grad(), evaluating(self.teacher):
            target = self.teacher.features(tokens)
        visible = self._choose(tokens)
        feats = self.decoder(self.backbone(levels, visible))
        hidden = target[~visible]
        if self.standardize_features:
            hidden = standardized(hidden)
        losses['loss_features'] = self.criterion(self.head(feats[~visible]), hidden)
        losses['features_at_mean'] = 1 - normalize(hidden.float(), dim=1).mean(dim=0).norm()
        return losses

    def export(self) -> dict[str, dict[str, Tensor]]:
        """``student.pth``: the weights of the backbone."""
        return {'student.pth': weights_of(self.state_dict())}

    def _teacher_losses(self, tokens: PointTokens) -> dict[str, Tensor]:
        """The teacher's losses, weighted, and what it logs; nothing once it has no weight."""
        if not self.teacher_weight:
            return {}
        return {
            name: self.teacher_weight * value if name.startswith('loss') else value
            for name, value in self.teacher.reconstruct(tokens).items()
        }

    def _choose(self, tokens: PointTokens) -> Tensor:
        """Which tokens (B, G) are visible; no place is more salient than another."""
        clouds, count = tokens.point.shape
        ptr = torch.arange(clouds + 1, device=tokens.xyz.device) * count
        return self.masker(tokens.xyz.new_zeros(clouds * count), ptr).view(clouds, count)
