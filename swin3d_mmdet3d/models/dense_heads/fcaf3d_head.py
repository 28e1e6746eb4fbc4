"""The anchor-free box head of FCAF3D on sparse voxels, without MinkowskiEngine."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
from mmcv.cnn import Scale
from mmdet3d.models.dense_heads import FCAF3DHead
from mmdet3d.models.dense_heads.base_3d_dense_head import Base3DDenseHead
from mmdet3d.registry import MODELS, TASK_UTILS
from mmdet3d.structures import BaseInstance3DBoxes
from mmengine.model import bias_init_with_prob
from torch import Tensor, nn

from ...structures import FeatureLevel, MultiScaleFeatures, voxel_locations
from ..layers import (
    ConvNormAct,
    UpsampleNormAct,
    interpolate_at,
    multiclass_bev_nms,
    prune,
    union_add,
)
from .class_loss import ClassLoss


class LevelPrediction(NamedTuple):
    """Predictions of one level, per scene.

    Attributes:
        center: Centerness logits ``(N, 1)``.
        box: Distances to the six faces in metres, x, x, y, y, z, z, low before high, and the turns of the
            coder: ``(N, 6)`` or ``(N, 8)``.
        cls: Class logits ``(N, classes)``.
        location: Places in metres ``(N, 3)``.
    """

    center: list[Tensor]
    box: list[Tensor]
    cls: list[Tensor]
    location: list[Tensor]


class UpBlock(nn.Sequential):
    """Generative up-sampling, norm, ELU, then convolution at the new sites, norm, ELU: layers 0 to 5."""

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__(
            *UpsampleNormAct(in_channels, out_channels, kernel_size=2, activation='elu'),
            *ConvNormAct(out_channels, out_channels, activation='elu'),
        )

    def forward(self, level: FeatureLevel) -> FeatureLevel:
        """Make the level at half the stride."""
        upsample, norm, activation, conv, second_norm, second_activation = self
        feats, voxels = upsample(level)
        feats = activation(norm(feats, voxels))
        return second_activation(second_norm(conv((feats, voxels)), voxels)), voxels


@MODELS.register_module()
class SparseFCAF3DHead(FCAF3DHead):
    """Feature pyramid that makes and prunes sites, with a prediction at each site of each level.

    Losses, assignment and decoding are mmdet3d's ``FCAF3DHead``; the layers under it are this project's,
    named as there. Each scene's losses are given per site of its own that learns a box. mmdet3d divides by
    the average over processes of what their first scenes have, then their second ones, so that the loss of a
    batch depends on which scenes are beside each other in other processes.

    Args:
        num_classes: Classes.
        in_channels: Width of each level, fine to coarse.
        out_channels: Width of the levels that are predicted from.
        pts_prune_threshold: Sites of a scene that a level keeps at most.
        pts_assign_threshold: Sites inside a box that a level needs to be assigned to it.
        pts_center_threshold: Sites nearest to the centre of a box that learn it.
        center_loss: Config of the centerness loss.
        bbox_coder: Config of the boxes that are learnt: axis-aligned by default, ``MobiusBoxCoder`` for those
            with yaw.
        bbox_loss: Config of the box loss; by default the coder's, 1 - IoU.
        cls_loss: Config of the classification loss.
        train_cfg: Accepted for mmdet3d's configs; nothing is read from it.
        test_cfg: ``nms_pre``, ``iou_thr`` and ``score_thr``.
        init_cfg: Initialisation config of mmengine.

    Source: arXiv 2112.00322; FCAF3DHead of mmdet3d 1.4.0.
    """

    def __init__(
        self,
        num_classes: int,
        in_channels: Sequence[int],
        out_channels: int,
        pts_prune_threshold: int,
        pts_assign_threshold: int,
        pts_center_threshold: int,
        center_loss: dict | None = None,
        bbox_coder: dict | None = None,
        bbox_loss: dict | None = None,
        cls_loss: dict | None = None,
        train_cfg: dict | None = None,
        test_cfg: dict | None = None,
        init_cfg: dict | None = None,
    ) -> None:
        # the stock constructor refuses to run without MinkowskiEngine, whose layers it makes
        Base3DDenseHead.__init__(self, init_cfg)
        self.num_classes = num_classes
        self.pts_prune_threshold = pts_prune_threshold
        self.pts_assign_threshold = pts_assign_threshold
        self.pts_center_threshold = pts_center_threshold
        self.center_loss = MODELS.build(center_loss or dict(type='mmdet.CrossEntropyLoss', use_sigmoid=True))
        self.bbox_coder = TASK_UTILS.build(bbox_coder or dict(type='mmdet3d.AxisAlignedBoxCoder'))
        self.bbox_loss = MODELS.build(bbox_loss or self.bbox_coder.iou_loss)
        self.cls_loss = ClassLoss(cls_loss or dict(type='mmdet.FocalLoss'))
        self.train_cfg = train_cfg
        self.test_cfg = test_cfg
        self._init_layers(in_channels, out_channels, 6 + self.bbox_coder.num_turns, num_classes)

    def _init_layers(
        self, in_channels: Sequence[int], out_channels: int, num_reg_outs: int, num_classes: int
    ) -> None:
        for i, width in enumerate(in_channels):
            if i > 0:
                self.add_module(f'up_block_{i}', UpBlock(width, in_channels[i - 1]))
            self.add_module(f'out_block_{i}', ConvNormAct(width, out_channels, activation='elu'))
        self.conv_center = nn.Linear(out_channels, 1, bias=False)
        self.conv_reg = nn.Linear(out_channels, num_reg_outs, bias=False)
        self.conv_cls = nn.Linear(out_channels, num_classes)
        self.scales = nn.ModuleList(Scale(1.0) for _ in in_channels)

    def init_weights(self) -> None:
        """Small weights for the predictions, so that training starts from the prior of background."""
        for layer in (self.conv_center, self.conv_reg, self.conv_cls):
            nn.init.normal_(layer.weight, std=0.01)
        nn.init.constant_(self.conv_cls.bias, bias_init_with_prob(0.01))

    def forward(self, x: MultiScaleFeatures) -> tuple[list[list[Tensor]], ...]:
        """Predict from every level.

        Args:
            x: Levels of the backbone, each at twice the stride of the one before, and origins.

        Returns:
            Centerness, boxes, class logits and locations as :class:`LevelPrediction` has them, each a list
            over levels (fine to coarse) of lists over scenes.
        """
        levels, origin = x
        predictions: list[LevelPrediction] = []
        level, scores = levels[-1], None
        for i in reversed(range(len(levels))):
            if i < len(levels) - 1:
                level = union_add(levels[i], self.get_submodule(f'up_block_{i + 1}')(level))
                level = self._prune(level, scores)
            prediction, scores = self._forward_single(level, i, origin)
            predictions.append(prediction)
        return tuple(list(values) for values in zip(*reversed(predictions)))

    @torch.no_grad()
    def _keep_best(self, level: FeatureLevel, scores: FeatureLevel) -> Tensor:
        """Mask ``(N,)`` of each scene's best sites by the interpolated scores of the coarser level."""
        voxels = level[1]
        score = interpolate_at(scores, voxels.coords)[:, 0]
        keep = torch.ones(len(voxels), dtype=torch.bool, device=score.device)
        for start, stop in zip(voxels.host_ptr[:-1], voxels.host_ptr[1:]):
            order = score[start:stop].argsort(descending=True, stable=True)  # ties: the lower row
            keep[start + order[self.pts_prune_threshold :]] = False
        return keep

    def _prune(self, level: FeatureLevel, scores: FeatureLevel) -> FeatureLevel:
        if max(level[1].counts) <= self.pts_prune_threshold:
            return level
        return prune(level, self._keep_best(level, scores))

    def _forward_single(
        self, level: FeatureLevel, index: int, origin: Tensor
    ) -> tuple[LevelPrediction, FeatureLevel]:
        """Predictions of a level, and its best class logit at each site as a level ``(N, 1)``."""
        voxels = level[1]
        feats = self.get_submodule(f'out_block_{index}')(level)
        logits, reg = self.conv_cls(feats), self.conv_reg(feats)
        values = (
            self.conv_center(feats),
            torch.cat([torch.exp(self.scales[index](reg[:, :6])), reg[:, 6:]], dim=1),
            logits,
            voxel_locations(voxels, origin),
        )
        counts = voxels.counts
        prediction = LevelPrediction(*(list(value.split(counts)) for value in values))
        return prediction, (logits.detach().amax(1, keepdim=True), voxels)

    def _loss_by_feat_single(
        self,
        center_preds: list[Tensor],
        bbox_preds: list[Tensor],
        cls_preds: list[Tensor],
        points: list[Tensor],
        gt_bboxes: BaseInstance3DBoxes,
        gt_labels: Tensor,
        input_meta: dict,
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Centerness, box and class loss of a scene, from its predictions at each level."""
        center_target, box_target, label = self.get_targets(points, gt_bboxes, gt_labels)
        center, box, logits, location = map(torch.cat, (center_preds, bbox_preds, cls_preds, points))
        rows = (label >= 0).nonzero().flatten()
        num_rows = location.new_tensor(len(rows)).clamp(min=1)
        cls_loss = self.cls_loss(logits, label, avg_factor=num_rows)
        center, box, weight = center[rows], box[rows], center_target[rows]
        if len(rows) == 0:
            return center.sum(), box.sum(), cls_loss
        center_loss = self.center_loss(center, weight[:, None], avg_factor=num_rows)
        bbox_loss = self.bbox_loss(
            self._bbox_to_loss(self._bbox_pred_to_bbox(location[rows], box)),
            self._bbox_to_loss(box_target[rows]),
            weight=weight,
            avg_factor=weight.sum().clamp(min=1e-6),
        )
        return center_loss, bbox_loss, cls_loss

    @torch.no_grad()
    def get_targets(
        self, points: list[Tensor], gt_bboxes: BaseInstance3DBoxes, gt_labels: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Targets of a scene's sites; sites are background where there is no box of a known class.

        Args:
            points: Locations of each level, ``(N, 3)`` metres.
            gt_bboxes: Boxes of the scene.
            gt_labels: ``(boxes,)`` int64, negative for a class that is not learnt.

        Returns:
            Centerness ``(N,)``, boxes ``(N, 6)`` or with yaw ``(N, 7)``, and labels ``(N,)`` of all sites; -1
            is background.

        Raises:
            ValueError: If the boxes are none that the coder's head can learn.
        """
        gt_bboxes, known = self.bbox_coder.learnable(gt_bboxes), gt_labels >= 0
        if bool(known.any()) and sum(map(len, points)):
            return super().get_targets(points, gt_bboxes[known], gt_labels[known])
        locations = torch.cat(points)
        nothing = locations.new_zeros(len(locations), 1 + self.bbox_coder.box_dim)
        return nothing[:, 0], nothing[:, 1:], gt_labels.new_full((len(locations),), -1)

    @staticmethod
    def _get_face_distances(points: Tensor, boxes: Tensor) -> Tensor:
        # mmdet3d turns places about boxes by a product, which autocast rounds to 16 bits: centimetres
        with torch.autocast(points.device.type, enabled=False):
            return FCAF3DHead._get_face_distances(points, boxes)

    def _bbox_pred_to_bbox(self, points: Tensor, bbox_pred: Tensor) -> Tensor:
        boxes = FCAF3DHead._bbox_pred_to_bbox(points, bbox_pred[:, :6])
        return self.bbox_coder.decode(boxes, bbox_pred[:, 6:])

    def _bbox_to_loss(self, bbox: Tensor) -> Tensor:
        return self.bbox_coder.loss_form(bbox)

    def _single_scene_multiclass_nms(
        self, bboxes: Tensor, scores: Tensor, input_meta: dict
    ) -> tuple[Tensor, Tensor, Tensor]:
        return multiclass_bev_nms(bboxes, scores, self.test_cfg.score_thr, self.test_cfg.iou_thr)
