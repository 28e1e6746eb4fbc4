"""Parts of objects from the tokens of all levels."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from mmdet3d.registry import MODELS
from mmdet3d.structures import PointData
from mmengine.model import BaseModel
from torch import Tensor, nn
from torch.nn.functional import cross_entropy, one_hot

from ..layers import BatchNorm
from ..layers.token_blocks import interpolate_tokens
from .object_labels import check_classes


@MODELS.register_module()
class ObjectPartSegmentor(BaseModel):
    """Part of each point of an object whose category is known.

    The tokens of each level are interpolated at the points and pass an MLP; beside them stand the maximum
    plus the mean over the object and its category.

    Args:
        backbone: Config of a :class:`TokenTransformer`.
        parts: Name of each category and its parts, in the order of the labels.
        level_channels: Widths of the MLP of each level.
        category_channels: Width of the category's embedding.
        head_channels: Widths of the hidden layers of the classifier.
        dropout: Behind the first of these.
        data_preprocessor: Config of an :class:`ObjectPreprocessor`.
        init_cfg: Initialisation config of mmengine.

    Source: segmentation/Point_M2AE_SEG.py in github.com/ZrrSkywalker/Point-M2AE.
    """

    def __init__(
        self,
        backbone: dict,
        parts: dict[str, Sequence[int]],
        level_channels: Sequence[int] = (1536, 1024),
        category_channels: int = 64,
        head_channels: Sequence[int] = (1024, 512, 256),
        dropout: float = 0.5,
        data_preprocessor: dict | None = None,
        init_cfg: dict | None = None,
    ) -> None:
        super().__init__(data_preprocessor or dict(type='mmdet3d.ObjectPreprocessor'), init_cfg)
        self.backbone = MODELS.build(backbone)
        num_parts = 1 + max(part for own in parts.values() for part in own)
        allowed = torch.zeros(len(parts), num_parts, dtype=torch.bool)
        for category, own in enumerate(parts.values()):
            allowed[category, list(own)] = True
        self.register_buffer('allowed', allowed, persistent=False)
        self.levels = nn.ModuleList(
            _mlp((width + 3, *level_channels), nn.ReLU()) for width in self.backbone.channels
        )
        self.category = _mlp((len(parts), category_channels), nn.LeakyReLU(0.2), bias=False)
        joined = level_channels[-1] * len(self.levels)
        first = _mlp((2 * joined + category_channels, head_channels[0]), nn.ReLU())
        rest = _mlp(head_channels, nn.ReLU())
        self.head = nn.Sequential(first, nn.Dropout(dropout), rest, nn.Linear(head_channels[-1], num_parts))

    def logits(self, points: Tensor, category: Tensor) -> Tensor:
        """Part logits ``(B, P, parts)`` of ``(B, P, 3)`` points of objects of categories ``(B,)``."""
        shape = points.shape[:2]
        feats = []
        for level, mlp in zip(self.backbone(self.backbone.tokenize(points)), self.levels):
            own = interpolate_tokens(points, level.tokens.xyz, level.feats)
            feats.append(mlp(torch.cat([points, own], dim=2).flatten(0, 1)).unflatten(0, shape))
        joined = torch.cat(feats, dim=2)
        whole = joined.amax(dim=1) + joined.mean(dim=1)
        kind = self.category(one_hot(category, len(self.allowed)).to(joined.dtype))
        around = torch.cat([whole, kind], dim=1)[:, None].expand(-1, shape[1], -1)
        return self.head(torch.cat([around, joined], dim=2).flatten(0, 1)).unflatten(0, shape)

    def forward(self, inputs: dict[str, Tensor], data_samples: list, mode: str = 'tensor') -> Any:
        """Logits (mode 'tensor'), the loss (mode 'loss') or samples with ``pred_pts_seg`` (mode 'predict').

        Predicted are parts of the object's category alone.

        Raises:
            ValueError: For another mode, or an object whose category, or to train on whose parts, are none.
        """
        points = inputs['points']
        category = torch.cat([sample.gt_label for sample in data_samples])
        check_classes(category, len(self.allowed), 'gt_label', data_samples)
        if mode == 'loss':
            target = torch.cat([sample.gt_pts_seg.pts_semantic_mask for sample in data_samples])
            parts = target.view(len(data_samples), -1)
            check_classes(parts, self.allowed.shape[1], 'pts_semantic_mask', data_samples)
        category = category.to(points.device)
        logits = self.logits(points, category)
        if mode == 'tensor':
            return logits
        if mode == 'loss':
            return dict(loss_parts=cross_entropy(logits.flatten(0, 1), target.to(points.device)))
        if mode != 'predict':
            raise ValueError(f"mode must be 'tensor', 'loss' or 'predict', got {mode!r}")
        found = logits.masked_fill(~self.allowed[category][:, None], -torch.inf).argmax(dim=2)
        for sample, parts in zip(data_samples, found):
            sample.pred_pts_seg = PointData(pts_semantic_mask=parts)
        return data_samples


def _mlp(channels: Sequence[int], act: nn.Module, bias: bool = True) -> nn.Sequential:
    """Linear layers, each with batch norm and activation, on rows (N, C)."""
    layers: list[nn.Module] = []
    for low, high in zip(channels[:-1], channels[1:]):
        layers += [nn.Linear(low, high, bias=bias), BatchNorm(high), act]
    return nn.Sequential(*layers)
