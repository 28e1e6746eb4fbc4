"""Classes of objects from the coarsest tokens."""

from __future__ import annotations

from typing import Any

import torch
from mmdet3d.registry import MODELS
from mmengine.model import BaseModel
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from ..layers import BatchNorm
from ..layers.point_tokenizer import farthest_points, gather_rows
from .object_labels import check_classes


@MODELS.register_module()
class ObjectClassifier(BaseModel):
    """Mean and maximum of the coarsest tokens' features, then an MLP of three layers.

    A test object is reduced to ``num_points`` that are farthest from each other. With ``votes`` its logits
    are the mean over so many random choices out of ``vote_points``, each stretched and shifted at random as
    in training. (The released code takes the best of 49 such means on the test set; here there is one.)

    Args:
        backbone: Config of a :class:`TokenTransformer`.
        num_classes: Number of classes.
        pooling: 'concat' of mean and maximum (ScanObjectNN's recipe) or their 'sum' (ModelNet40's).
        label_smoothing: Share of the target that the other classes have together, in [0, 1).
        hidden_channels: Width of the hidden layers.
        dropout: Of the hidden layers.
        test_cfg: ``num_points`` (all), ``votes`` (0), and of a vote ``vote_points``, ``scale_range`` and
            ``shift``.
        data_preprocessor: Config of an :class:`ObjectPreprocessor`.
        init_cfg: Initialisation config of mmengine.

    Source: arXiv 2205.14401, section 4.2; models/I2P_MAE_Finetune.py in github.com/ZrrSkywalker/I2P-MAE.
    """

    def __init__(
        self,
        backbone: dict,
        num_classes: int,
        pooling: str = 'concat',
        label_smoothing: float = 0.0,
        hidden_channels: int = 256,
        dropout: float = 0.5,
        test_cfg: dict | None = None,
        data_preprocessor: dict | None = None,
        init_cfg: dict | None = None,
    ) -> None:
        super().__init__(data_preprocessor or dict(type='mmdet3d.ObjectPreprocessor'), init_cfg)
        if pooling not in ('concat', 'sum'):
            raise ValueError(f"pooling must be 'concat' or 'sum', got {pooling!r}")
        if not 0 <= label_smoothing < 1:
            raise ValueError(f'label_smoothing must lie in [0, 1), got {label_smoothing}')
        self.backbone = MODELS.build(backbone)
        self.pooling = pooling
        # of the others alone; PyTorch's share is of all classes
        self.smoothing = label_smoothing * num_classes / max(num_classes - 1, 1)
        width = self.backbone.channels[-1] * (2 if pooling == 'concat' else 1)
        layers: list[nn.Module] = []
        for channels in (width, hidden_channels):
            layers += [nn.Linear(channels, hidden_channels), BatchNorm(hidden_channels), nn.ReLU()]
            layers.append(nn.Dropout(dropout))
        self.head = nn.Sequential(*layers, nn.Linear(hidden_channels, num_classes))
        self.test_cfg = dict(
            num_points=None, votes=0, vote_points=1200, scale_range=(2 / 3, 3 / 2), shift=0.2
        )
        self.test_cfg.update(test_cfg or {})

    def logits(self, points: Tensor) -> Tensor:
        """Class logits ``(B, num_classes)`` of ``(B, P, 3)`` points."""
        feats = self.backbone(self.backbone.tokenize(points))[-1].feats
        mean, largest = feats.mean(dim=1), feats.amax(dim=1)
        pooled = mean + largest if self.pooling == 'sum' else torch.cat([mean, largest], dim=1)
        return self.head(pooled)

    def forward(
        self, inputs: dict[str, Tensor], data_samples: list | None = None, mode: str = 'tensor'
    ) -> Any:
        """Logits (mode 'tensor'), the loss (mode 'loss') or samples with ``pred_label`` (mode 'predict').

        Raises:
            ValueError: For another mode, or to train on an object whose label is no class.
        """
        points = inputs['points']
        if mode == 'tensor':
            return self.logits(points)
        if mode == 'loss':
            target = torch.cat([sample.gt_label for sample in data_samples])
            check_classes(target, self.head[-1].out_features, 'gt_label', data_samples)
            target = target.to(points.device)
            return dict(loss_cls=cross_entropy(self.logits(points), target, label_smoothing=self.smoothing))
        if mode != 'predict':
            raise ValueError(f"mode must be 'tensor', 'loss' or 'predict', got {mode!r}")
        if self.test_cfg['votes']:
            logits = self._voted_logits(points)
        else:
            logits = self.logits(spread_points(points, self.test_cfg['num_points']))
        for sample, label in zip(data_samples, logits.argmax(dim=1)):
            sample.pred_label = label[None]
        return data_samples

    def _voted_logits(self, points: Tensor) -> Tensor:
        """Mean logits of random choices of the points, stretched and shifted."""
        low, high = self.test_cfg['scale_range']
        points = spread_points(points, self.test_cfg['vote_points'])
        count = min(self.test_cfg['num_points'] or points.shape[1], points.shape[1])
        votes = []
        for _ in range(self.test_cfg['votes']):
            chosen = points[:, torch.randperm(points.shape[1], device=points.device)[:count]]
            scale = low + (high - low) * torch.rand(len(points), 1, 3, device=points.device)
            shift = (2 * torch.rand(len(points), 1, 3, device=points.device) - 1) * self.test_cfg['shift']
            votes.append(self.logits(chosen * scale + shift))
        return torch.stack(votes).mean(dim=0)


def spread_points(points: Tensor, count: int | None) -> Tensor:
    """``(B, count, 3)`` of points ``(B, P, 3)``, those farthest from each other; all if they are no more."""
    if count is None or points.shape[1] <= count:
        return points
    return gather_rows(points, farthest_points(points, count))
