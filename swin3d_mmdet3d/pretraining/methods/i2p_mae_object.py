"""I2P-MAE on single objects: a masked autoencoder of points, guided by an image network on depth images."""

from __future__ import annotations

from typing import Any

import torch
from mmdet3d.registry import MODELS
from mmengine.model import BaseModel
from torch import Tensor, nn
from torch.nn.functional import mse_loss

from ...models.layers.point_tokenizer import gather_rows
from ...models.student_weights import weights_of
from ...structures import PointTokens, TokenFeatures
from ..heads.view_sampling import pixels_of, sample_views


@MODELS.register_module()
class I2PMAEObject(BaseModel):
    """Of an object's tokens few are shown, those that the image network attends to first.

    Of hidden tokens the decoder predicts the members of their groups, of visible ones the image network's
    features of each member in each view. Level and members are those of the finest level that is decoded.

    Args:
        backbone: Config of a :class:`TokenTransformer`.
        decoder: Config of a :class:`TokenDecoder`.
        teacher: Config of a :class:`FrozenImageTeacher` whose first map is predicted.
        saliency: Config of what finds salient places in the teacher's maps.
        masker: Config of the choice of visible tokens of the coarsest level by their saliency.
        feature_channels: Width of the teacher's map.
        num_views: Images of an object.
        normalize_features: Predict the teacher's features with mean 0 and variance 1 over their channels,
            where these differ in their scale.
        chamfer: Config of the distance of predicted and true members.
        point_weight: Weight of that distance.
        feature_weight: Weight of the mean squared error of the features.
        data_preprocessor: Config of an :class:`ObjectPreprocessor`.
        init_cfg: Initialisation config of mmengine.

    Source: arXiv 2212.06785, section 3; models/I2P_MAE.py in github.com/ZrrSkywalker/I2P-MAE.
    """

    def __init__(
        self,
        backbone: dict,
        decoder: dict,
        teacher: dict,
        saliency: dict,
        masker: dict,
        feature_channels: int,
        num_views: int = 3,
        normalize_features: bool = False,
        chamfer: dict | None = None,
        point_weight: float = 1.0,
        feature_weight: float = 1.0,
        data_preprocessor: dict | None = None,
        init_cfg: dict | None = None,
    ) -> None:
        super().__init__(data_preprocessor or dict(type='mmdet3d.ObjectPreprocessor'), init_cfg)
        self.backbone = MODELS.build(backbone)
        self.decoder = MODELS.build(decoder)
        self.teacher = MODELS.build(teacher)
        self.saliency = MODELS.build(saliency)
        self.masker = MODELS.build(masker)
        self.chamfer = MODELS.build(chamfer or dict(type='mmdet3d.ChamferLoss', squared=True))
        level = -self.decoder.num_levels
        self.group_size = self.backbone.group_sizes[level]
        width = self.backbone.channels[level]
        self.point_head = nn.Linear(width, 3 * self.group_size)
        self.feature_head = nn.Linear(width, feature_channels * num_views * self.group_size)
        self.normalize_features = normalize_features
        self.point_weight, self.feature_weight = point_weight, feature_weight

    def forward(
        self, inputs: dict[str, Tensor], data_samples: list | None = None, mode: str = 'tensor'
    ) -> Any:
        """Losses (mode 'loss'), levels (mode 'tensor'), or samples with ``object_feature`` (mode 'predict').

        Raises:
            ValueError: For another mode, or naming ``inputs``, if there are no images to learn from.
        """
        if mode == 'loss':
            if not {'images', 'pixels'} <= set(inputs):
                raise ValueError(
                    f'inputs must have images and pixels of RenderAxisViews, got {sorted(inputs)}'
                )
            return self.loss(**inputs)
        if mode not in ('tensor', 'predict'):
            raise ValueError(f"mode must be 'loss', 'tensor' or 'predict', got {mode!r}")
        levels = self.backbone(self.backbone.tokenize(inputs['points']))
        if mode == 'tensor':
            return levels
        for sample, feature in zip(data_samples, levels[-1].feats.amax(dim=1)):
            sample.object_feature = feature
        return data_samples

    def loss(self, points: Tensor, images: Tensor, pixels: Tensor) -> dict[str, Tensor]:
        """Distance of the points of hidden tokens, and error of the features of visible ones.

        Logged is ``points_at_centers``, the distance if all members were predicted at their centre, which the
        decoder knows; a centre is a member itself.

        Args:
            points: ``(B, P, 3)``.
            images: ``(B, V, 3, height, width)`` in 0 .. 255.
            pixels: ``(B, V, P, 2)`` int64 (u, v) of each point in each image.
        """
        tokens = self.backbone.tokenize(points)
        maps, saliency = self.saliency(self.teacher(images.flatten(0, 1)))
        visible = self._choose(saliency, tokens[-1], pixels, images.shape[-2:])
        levels = self.backbone(tokens, visible)
        feats = self.decoder(levels)
        target = self._features(maps[0], tokens, pixels, images.shape[-2:])
        own = levels[-self.decoder.num_levels]
        members = own.tokens.groups[~own.visible]
        return dict(
            loss_points=self.point_weight * self._point_loss(feats, own),
            loss_features=self.feature_weight * self._feature_loss(feats, own, target),
            points_at_centers=members.square().sum() / max(members[..., 0].numel(), 1),
        )

    def export(self) -> dict[str, dict[str, Tensor]]:
        """``student.pth``: the weights of the backbone."""
        return {'student.pth': weights_of(self.state_dict())}

    def _choose(self, saliency: Tensor, coarse: PointTokens, pixels: Tensor, size: torch.Size) -> Tensor:
        """Which tokens (B, G) of the coarsest level are visible, by their mean saliency over the views."""
        value = sample_views(saliency, pixels_of(pixels, coarse.point), size).mean(dim=1)[..., 0]
        clouds, count = value.shape
        ptr = torch.arange(clouds + 1, device=value.device) * count
        return self.masker(value.flatten(), ptr).view(clouds, count)

    def _features(self, feature_map: Tensor, tokens: Any, pixels: Tensor, size: torch.Size) -> Tensor:
        """The teacher's features (B, G, V C) of all tokens below the decoded level, view after view."""
        level = len(tokens) - self.decoder.num_levels
        point = tokens[level - 1].point if level else None
        place = pixels if point is None else pixels_of(pixels, point)
        feats = sample_views(feature_map, place, size)
        if self.normalize_features:
            deviation, mean = torch.std_mean(feats, dim=-1, keepdim=True, unbiased=False)
            feats = (feats - mean) / (deviation + 1e-6)
        return feats.permute(0, 2, 1, 3).flatten(2)

    def _point_loss(self, feats: Tensor, own: TokenFeatures) -> Tensor:
        """Chamfer distance of the predicted and the true members of hidden groups."""
        predicted = self.point_head(feats[~own.visible]).view(-1, 3)
        target = own.tokens.groups[~own.visible].reshape(-1, 3)
        groups = len(target) // self.group_size
        if not groups:
            return predicted.sum() * 0
        ptr = torch.arange(groups + 1, device=target.device) * self.group_size
        return self.chamfer(predicted, ptr, target, ptr)

    def _feature_loss(self, feats: Tensor, own: TokenFeatures, target: Tensor) -> Tensor:
        """Mean squared error of the features of the members of visible groups."""
        predicted = self.feature_head(feats[own.visible])
        return mse_loss(predicted, gather_rows(target, own.tokens.index)[own.visible].flatten(1))
