"""The box head of TR3D on sparse voxels, without MinkowskiEngine."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import torch
from mmdet3d.models.dense_heads.base_3d_dense_head import Base3DDenseHead
from mmdet3d.registry import MODELS, TASK_UTILS
from mmdet3d.structures import BaseInstance3DBoxes
from mmengine.model import bias_init_with_prob
from mmengine.structures import InstanceData
from torch import Tensor, nn

from ...structures import MultiScaleFeatures, voxel_locations
from ..layers import multiclass_bev_nms
from ..losses.global_mean import global_mean, global_mean_of_sum
from .class_loss import ClassLoss


class ScenePrediction(NamedTuple):
    """Predictions of a scene.

    Attributes:
        box: Centre and size in metres ``(N, 6)``, or with yaw ``(N, 7)``.
        cls: Class logits ``(N, classes)``.
        location: Places of the sites in metres ``(N, 3)``.
        level: Level of each site ``(N,)`` int64.
    """

    box: Tensor
    cls: Tensor
    location: Tensor
    level: Tensor


@MODELS.register_module()
class SparseTR3DHead(Base3DDenseHead):
    """A box and class logits at each site of two levels; the class of a box decides its level.

    Args:
        in_channels: Width of the levels.
        label2level: Level of each class, 0 the finer.
        pts_center_threshold: Sites nearest to the centre of a box that learn it.
        bbox_coder: Config of the boxes that are learnt: axis-aligned by default, ``MobiusBoxCoder`` for those
            with yaw.
        bbox_loss: Config of the loss of boxes, a mean over sites; by default the coder's distance-IoU loss.
        cls_loss: Config of the classification loss, per site and class.
        train_cfg: Accepted for mmdet3d's configs; nothing is read from it.
        test_cfg: ``nms_pre``, ``iou_thr`` and ``score_thr``.
        init_cfg: Initialisation config of mmengine.

    Source: arXiv 2302.02858, section 3; projects/TR3D of mmdetection3d.
    """

    def __init__(
        self,
        in_channels: int,
        label2level: Sequence[int],
        pts_center_threshold: int = 6,
        bbox_coder: dict | None = None,
        bbox_loss: dict | None = None,
        cls_loss: dict | None = None,
        train_cfg: dict | None = None,
        test_cfg: dict | None = None,
        init_cfg: dict | None = None,
    ) -> None:
        super().__init__(init_cfg)
        self.num_classes = len(label2level)
        self.label2level = tuple(label2level)
        self.pts_center_threshold = pts_center_threshold
        self.bbox_coder = TASK_UTILS.build(bbox_coder or dict(type='mmdet3d.AxisAlignedBoxCoder'))
        self.bbox_loss = MODELS.build(bbox_loss or self.bbox_coder.diou_loss)
        self.cls_loss = ClassLoss(cls_loss or dict(type='mmdet.FocalLoss', reduction='none'))
        self.train_cfg = train_cfg
        self.test_cfg = test_cfg
        self.conv_reg = nn.Linear(in_channels, 6 + self.bbox_coder.num_turns)
        self.conv_cls = nn.Linear(in_channels, self.num_classes)

    def init_weights(self) -> None:
        """Small weights for the predictions, so that training starts from the prior of background."""
        for layer in (self.conv_reg, self.conv_cls):
            nn.init.normal_(layer.weight, std=0.01)
        nn.init.constant_(self.conv_cls.bias, bias_init_with_prob(0.01))

    def forward(self, x: MultiScaleFeatures) -> tuple[list[ScenePrediction]]:
        """Predict from every level: one :class:`ScenePrediction` a scene, sites fine to coarse."""
        per_level = []
        for number, (feats, voxels) in enumerate(x.levels):
            reg = self.conv_reg(feats)
            location = voxel_locations(voxels, x.origin)
            box = torch.cat([location + reg[:, :3], torch.exp(reg[:, 3:6])], dim=1)
            box = self.bbox_coder.decode(box, reg[:, 6:])
            level = torch.full((len(voxels),), number, device=feats.device)
            counts = voxels.counts
            per_level.append([v.split(counts) for v in (box, self.conv_cls(feats), location, level)])
        scenes = range(x.levels[0][1].batch_size)
        parts = [[torch.cat([level[k][scene] for level in per_level]) for k in range(4)] for scene in scenes]
        return ([ScenePrediction(*part) for part in parts],)

    def loss_by_feat(
        self,
        predictions: list[ScenePrediction],
        batch_gt_instances_3d: list[InstanceData],
        batch_input_metas: list[dict],
        batch_gt_instances_ignore: list | None = None,
        **kwargs: Any,
    ) -> dict[str, Tensor]:
        """Box loss, a mean over the sites of all processes that learn a box, and class loss per such site."""
        boxes, targets, cls_losses = [], [], []
        for prediction, truth in zip(predictions, batch_gt_instances_3d):
            target, label = self.get_targets(prediction, truth.bboxes_3d, truth.labels_3d)
            positive = label < self.num_classes
            boxes.append(prediction.box[positive])
            targets.append(target[positive])
            cls_losses.append(self.cls_loss(prediction.cls, label).sum())
        box, target = torch.cat(boxes), torch.cat(targets)
        # without positives the sum keeps the graph, so that every parameter has a gradient
        form = self.bbox_coder.loss_form
        bbox_loss = self.bbox_loss(form(box), form(target)) if len(box) else box.sum()
        return dict(
            bbox_loss=global_mean(bbox_loss, len(box)),
            cls_loss=global_mean_of_sum(torch.stack(cls_losses).sum(), len(box)),
        )

    @torch.no_grad()
    def get_targets(
        self, prediction: ScenePrediction, boxes: BaseInstance3DBoxes, labels: Tensor
    ) -> tuple[Tensor, Tensor]:
        """The box that each site learns.

        A site learns a box if its level is that of the box's class, if it is among the
        ``pts_center_threshold`` nearest to the centre (fewer where distances tie), and if of those boxes
        this one's centre is the nearest.

        Args:
            prediction: Sites of a scene.
            boxes: Boxes of the scene.
            labels: ``(boxes,)`` int64, negative for a class that is not learnt.

        Returns:
            Centre and size ``(N, 6)``, or with yaw ``(N, 7)``, and labels ``(N,)``; ``num_classes`` is
            background.

        Raises:
            ValueError: If the boxes are none that the coder's head can learn.
        """
        boxes = self.bbox_coder.learnable(boxes)
        location = prediction.location
        background = labels.new_full((len(location),), self.num_classes)
        known = labels >= 0
        if not bool(known.any()) or not len(location):
            return location.new_zeros(len(location), self.bbox_coder.box_dim), background
        boxes, labels = boxes[known].to(location.device), labels[known]
        center = boxes.gravity_center
        distance = (location[:, None] - center).square().sum(2)  # (N, boxes)
        right_level = prediction.level[:, None] == labels.new_tensor(self.label2level)[labels]
        distance = distance.masked_fill(~right_level, torch.inf)
        count = min(self.pts_center_threshold + 1, len(location))
        limit = distance.topk(count, dim=0, largest=False).values[-1]
        distance = distance.masked_fill(distance >= limit, torch.inf)
        least, nearest = distance.min(dim=1)
        target = torch.cat([center, boxes.tensor[:, 3 : self.bbox_coder.box_dim]], dim=1)[nearest]
        return target, torch.where(least.isfinite(), labels[nearest], background)

    def predict_by_feat(
        self, predictions: list[ScenePrediction], batch_input_metas: list[dict], **kwargs: Any
    ) -> list[InstanceData]:
        """Boxes of each scene after suppression: ``bboxes_3d``, ``scores_3d``, ``labels_3d``."""
        return [self._predict_scene(*pair) for pair in zip(predictions, batch_input_metas)]

    def _predict_scene(self, prediction: ScenePrediction, input_meta: dict) -> InstanceData:
        boxes, scores = prediction.box, prediction.cls.sigmoid()
        if len(scores) > self.test_cfg.nms_pre > 0:
            rows = scores.amax(1).topk(self.test_cfg.nms_pre).indices
            boxes, scores = boxes[rows], scores[rows]
        boxes, scores, labels = multiclass_bev_nms(
            boxes, scores, self.test_cfg.score_thr, self.test_cfg.iou_thr
        )
        coder = self.bbox_coder
        bboxes = input_meta['box_type_3d'](
            boxes, box_dim=coder.box_dim, with_yaw=coder.with_yaw, origin=(0.5, 0.5, 0.5)
        )
        return InstanceData(bboxes_3d=bboxes, scores_3d=scores, labels_3d=labels)
