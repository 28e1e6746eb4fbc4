"""The second stage of CAGroup3D: proposals refined by features on a grid inside them."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from mmdet3d.models.task_modules.coders import DeltaXYZWLHRBBoxCoder
from mmdet3d.registry import MODELS
from mmdet3d.structures import BaseInstance3DBoxes
from mmengine.model import BaseModule
from mmengine.structures import InstanceData
from torch import Tensor, nn

from ....structures import FeatureLevel
from ...layers import BatchNorm, multiclass_bev_nms
from ...losses.global_mean import global_mean_of_sum
from .roi_grid_pooling import RoIGridPooling
from .roi_sampling import center_and_size, match_rois, sample_rois

MIN_SIZE = 1e-5
"""Boxes are taken for at least this long, in metres, where sizes are divided or put into a logarithm."""


@MODELS.register_module()
class CAGroup3DRoIHead(BaseModule):
    """Pool a feature from each proposal and regress the residual to its box.

    Classes and scores stay those of the first stage.

    Args:
        num_classes: Number of classes.
        in_channels: Width of the first stage's features.
        channels: Width of the grid features.
        grid_size: Grid points along each edge of a proposal.
        kernel_size: Edge of the convolution at the grid points in voxels.
        fc_channels: Widths of the layers behind pooling.
        dropout: Rate between those layers.
        bbox_loss: Config of the loss of the residuals; summed over the 6 numbers of a box.
        train_cfg: Arguments of :func:`sample_rois`.
        test_cfg: ``score_thr`` and ``iou_thr`` of the last NMS.
        init_cfg: Initialisation config of mmengine.

    Source: arXiv 2210.04264, section 3.3; github.com/Haiyang-W/CAGroup3D, cagroup_roi_head.py.
    """

    def __init__(
        self,
        num_classes: int,
        in_channels: int = 64,
        channels: int = 128,
        grid_size: int = 7,
        kernel_size: int = 5,
        fc_channels: Sequence[int] = (256, 256),
        dropout: float = 0.3,
        bbox_loss: dict | None = None,
        train_cfg: dict | None = None,
        test_cfg: dict | None = None,
        init_cfg: dict | None = None,
    ) -> None:
        super().__init__(init_cfg)
        self.num_classes = num_classes
        self.pooling = RoIGridPooling(in_channels, channels, grid_size, kernel_size)
        layers: list[nn.Module] = []
        for i, width in enumerate(fc_channels):
            layers += [nn.Dropout(dropout)] if i else []
            layers += [nn.Linear(channels, width, bias=False), BatchNorm(width), nn.ReLU()]
            channels = width
        self.reg_layers = nn.Sequential(*layers)
        self.conv_reg = nn.Linear(channels, 6)
        self.coder = DeltaXYZWLHRBBoxCoder()
        self.bbox_loss = MODELS.build(
            bbox_loss or dict(type='mmdet.SmoothL1Loss', beta=1 / 9, reduction='sum')
        )
        self.train_cfg = dict(train_cfg or {})
        self.test_cfg = test_cfg
        for layer in self.reg_layers:
            if isinstance(layer, nn.Linear):
                nn.init.xavier_normal_(layer.weight)
        nn.init.normal_(self.conv_reg.weight, std=0.001)
        nn.init.zeros_(self.conv_reg.bias)

    def forward(self, level: FeatureLevel, rois: Sequence[BaseInstance3DBoxes], origin: Tensor) -> Tensor:
        """Residuals of proposals.

        Args:
            level: Features of the first stage and their voxels.
            rois: Per scene its proposals.
            origin: ``(B, 3)`` where the voxel coordinates of each scene begin, metres.

        Returns:
            ``(R, 6)``: centre in units of the base's diagonal and of the height, logarithms of size ratios.
        """
        shift = torch.nn.functional.pad(origin, (0, 3))
        places = [center_and_size(boxes) - corner for boxes, corner in zip(rois, shift)]
        counts = torch.tensor([len(boxes) for boxes in rois], device=origin.device)
        scene = torch.repeat_interleave(torch.arange(len(rois), device=origin.device), counts)
        return self.conv_reg(self.reg_layers(self.pooling(level, torch.cat(places), scene)))

    def loss(
        self,
        level: FeatureLevel,
        proposals: Sequence[InstanceData],
        instances: Sequence[InstanceData],
        origin: Tensor,
    ) -> dict[str, Tensor]:
        """Smooth L1 between residuals and those of the matched boxes, over all processes' foreground RoIs.

        Args:
            level: Features of the first stage and their voxels.
            proposals: Per scene ``bboxes_3d`` and ``labels_3d``, possibly none.
            instances: Per scene the ground truth, possibly none.
            origin: ``(B, 3)`` where the voxel coordinates of each scene begin, metres.
        """
        rois, targets, foreground = [], [], []
        for proposed, truth in zip(proposals, instances):
            boxes = truth.bboxes_3d.to(level[0].device)
            iou, row = match_rois(
                center_and_size(proposed.bboxes_3d),
                proposed.labels_3d,
                center_and_size(boxes),
                truth.labels_3d,
            )
            chosen = sample_rois(iou, **self.train_cfg)
            positive = iou[chosen] > self.train_cfg.get('foreground_iou', 0.3)
            rois.append(proposed.bboxes_3d[chosen])
            matched = row[chosen[positive]]
            targets.append(self.encode(rois[-1][positive], boxes[matched]))
            foreground.append(positive)
        target = torch.cat(targets)
        residuals = self(level, rois, origin)[torch.cat(foreground)]
        return dict(roi_loss=global_mean_of_sum(self.bbox_loss(residuals, target), len(target)))

    def encode(self, rois: BaseInstance3DBoxes, boxes: BaseInstance3DBoxes) -> Tensor:
        """Residuals ``(R, 6)`` that lead from ``rois`` to ``boxes``, without yaw."""
        return self.coder.encode(_with_size(rois.tensor), _with_size(boxes.tensor))[:, :6]

    def decode(self, rois: BaseInstance3DBoxes, residuals: Tensor) -> BaseInstance3DBoxes:
        """The inverse of :meth:`encode`."""
        residuals = nn.functional.pad(residuals, (0, 1))
        return rois.new_box(self.coder.decode(_with_size(rois.tensor), residuals))

    def predict(
        self, level: FeatureLevel, proposals: Sequence[InstanceData], origin: Tensor
    ) -> list[InstanceData]:
        """Refine proposals and drop duplicates within each class.

        Returns:
            Per scene ``bboxes_3d``, ``scores_3d`` and ``labels_3d``.
        """
        counts = [len(proposed) for proposed in proposals]
        boxes = [proposed.bboxes_3d for proposed in proposals]
        residuals = self(level, boxes, origin).split(counts)
        return [self._refine(*scene) for scene in zip(proposals, residuals)]

    def _refine(self, proposed: InstanceData, residuals: Tensor) -> InstanceData:
        boxes = self.decode(proposed.bboxes_3d, residuals)
        scores = proposed.scores_3d.new_zeros(len(boxes), self.num_classes)
        scores.scatter_(1, proposed.labels_3d[:, None], proposed.scores_3d[:, None])
        boxes, scores, labels = multiclass_bev_nms(
            center_and_size(boxes), scores, self.test_cfg['score_thr'], self.test_cfg['iou_thr']
        )
        boxes = type(proposed.bboxes_3d)(boxes, box_dim=6, with_yaw=False, origin=(0.5, 0.5, 0.5))
        return InstanceData(bboxes_3d=boxes, scores_3d=scores, labels_3d=labels)


def _with_size(boxes: Tensor) -> Tensor:
    """``(R, 7)`` boxes with sizes of at least ``MIN_SIZE``."""
    return torch.cat([boxes[:, :3], boxes[:, 3:6].clamp(min=MIN_SIZE), boxes[:, 6:]], dim=1)
