"""The first stage of CAGroup3D: semantic scores, votes, and boxes from class-aware groups."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from mmcv.cnn import Scale
from mmdet3d.registry import MODELS
from mmdet3d.structures import BaseInstance3DBoxes, Det3DDataSample
from mmengine.model import bias_init_with_prob
from mmengine.structures import InstanceData
from torch import Tensor, nn

from ....structures import FeatureLevel, MultiScaleFeatures, SparseVoxels, voxel_locations
from ...layers import ConvNormAct
from ...layers.norms import BatchNorm
from ..class_loss import ClassLoss
from ..fcaf3d_head import LevelPrediction, SparseFCAF3DHead
from .class_aware_block import ClassAwareBlock
from .class_aware_grouping import class_cell_sizes, group_class_points
from .vote_targets import vote_targets


@dataclass(frozen=True, eq=False)
class VotingMaps:
    """What the first stage makes of a batch.

    Attributes:
        level: Features ``(N, C)`` that both stages read, and their voxels.
        location: ``(N, 3)`` places of the voxels, metres.
        semantic: ``(N, K)`` class logits.
        vote: ``(N, 3)`` offsets to the centre of the voxel's object, metres.
        classes: The predictions of each class's cells.
    """

    level: FeatureLevel
    location: Tensor
    semantic: Tensor
    vote: Tensor
    classes: list[LevelPrediction]

    def by_kind(self) -> tuple[list[list[Tensor]], ...]:
        """Centreness, boxes, class logits and locations, each a list over classes of lists over scenes."""
        return tuple(list(kind) for kind in zip(*self.classes))


@MODELS.register_module()
class CAGroup3DHead(SparseFCAF3DHead):
    """Score voxels per class, let them vote, group them in class-aware cells, and predict boxes there.

    A class is to the losses and the decoding of FCAF3D what a level of its pyramid is.

    Args:
        num_classes: Number of classes K.
        in_channels: Width of the neck's features.
        class_sizes: K rows of three lengths in metres; half of them, within 0.04 .. 1 m, are the edges of
            the class's cells.
        channels: Width C of the head.
        kernel_size: Edge of each class's near convolution in cells.
        expand_kernel_size: Edge of the convolution over coarse cells.
        expand: Edge of a coarse cell in cells.
        pts_center_threshold: Cells that learn each box: those nearest to its centre.
        semantic_threshold: Score above which a voxel is grouped in training; a hook lowers it.
        min_semantic_threshold: The same in evaluation.
        exact_places: Take a voxel to lie at its representative point and a cell at its middle; if False both
            lie at their lowest corners, as the original's. Corners of coarse voxels miss thin boxes.
        semantic_loss: Config of the loss of the class scores of voxels.
        vote_loss: Config of the loss of votes; sums what it is given.
        kwargs: ``center_loss``, ``bbox_loss``, ``cls_loss``, ``train_cfg``, ``init_cfg``, and ``test_cfg``
            with ``nms_pre`` cells per class, ``score_thr`` and ``iou_thr`` of the proposals.

    Source: arXiv 2210.04264; github.com/Haiyang-W/CAGroup3D, cagroup_head.py. There each class also sees
        the first voxel of each scene, so that no map is empty, and votes end at the bounds of the batch.
    """

    def __init__(
        self,
        num_classes: int,
        in_channels: int,
        class_sizes: Sequence[Sequence[float]],
        channels: int = 64,
        kernel_size: int = 9,
        expand_kernel_size: int = 5,
        expand: int = 3,
        pts_center_threshold: int = 18,
        semantic_threshold: float = 0.15,
        min_semantic_threshold: float = 0.05,
        exact_places: bool = False,
        semantic_loss: dict | None = None,
        vote_loss: dict | None = None,
        **kwargs,
    ) -> None:
        super().__init__(
            num_classes,
            (in_channels,),
            channels,
            pts_prune_threshold=0,
            pts_assign_threshold=0,
            pts_center_threshold=pts_center_threshold,
            **kwargs,
        )
        if self.bbox_coder.with_yaw:
            raise ValueError(
                'bbox_coder must be AxisAlignedBoxCoder: the second stage has no yaw, '
                f'got {type(self.bbox_coder).__name__}'
            )
        if len(class_sizes) != num_classes:
            raise ValueError(f'class_sizes must have {num_classes} rows, got {len(class_sizes)}')
        self.expand = expand
        self.exact_places = exact_places
        self.semantic_threshold = semantic_threshold
        self.min_semantic_threshold = min_semantic_threshold
        self.register_buffer('cell_sizes', class_cell_sizes(class_sizes), persistent=False)
        self.semantic_loss = ClassLoss(semantic_loss or dict(type='mmdet.FocalLoss'))
        self.vote_loss = MODELS.build(
            vote_loss or dict(type='mmdet.SmoothL1Loss', beta=0.04, reduction='sum')
        )
        self.class_block = ClassAwareBlock(num_classes, channels, kernel_size, expand_kernel_size, expand)

    def _init_layers(
        self, in_channels: Sequence[int], out_channels: int, num_reg_outs: int, num_classes: int
    ) -> None:
        (in_channels,) = in_channels
        self.reduce = nn.Sequential(*_linear_norm(in_channels, out_channels), nn.ReLU())
        self.conv_semantic = nn.Linear(out_channels, num_classes)
        self.conv_vote = nn.Sequential(
            *_linear_norm(out_channels, out_channels),
            nn.ELU(),
            *_linear_norm(out_channels, out_channels),
            nn.ELU(),
            nn.Linear(out_channels, 3, bias=False),
        )
        self.vote_feature = ConvNormAct(out_channels, out_channels, activation='elu')
        self.conv_center = nn.Linear(out_channels, 1, bias=False)
        self.conv_reg = nn.Linear(out_channels, num_reg_outs, bias=False)
        self.conv_cls = nn.Linear(out_channels, num_classes)
        self.scales = nn.ModuleList(Scale(1.0) for _ in range(num_classes))

    def init_weights(self) -> None:
        """Small weights for the predictions, so that training starts from the prior of background."""
        super().init_weights()
        nn.init.normal_(self.conv_semantic.weight, std=0.01)
        nn.init.constant_(self.conv_semantic.bias, bias_init_with_prob(0.01))

    def forward(self, x: MultiScaleFeatures) -> VotingMaps:
        """Run the first stage on the one level of ``x``."""
        (level,), origin = x
        voxels = level[1]
        feats = self.reduce(level[0])
        semantic, vote = self.conv_semantic(feats), self.conv_vote(feats)
        vote_feats = self.vote_feature((feats, voxels))
        # cells count from the scene's own origin, so that they move with it
        if self.exact_places:
            place = voxels.place
        else:
            place = voxel_locations(voxels, torch.zeros_like(origin))
        # cells have no place for NaN, which the loss and the check of predictions find in the votes
        voted = _clamp_to_scene(place + vote.detach().nan_to_num(), place, voxels)
        scene = voxels.coords[:, 0].long()
        threshold = self.semantic_threshold if self.training else self.min_semantic_threshold
        chosen = semantic.detach().sigmoid() > threshold
        label, rows = chosen.t().nonzero().unbind(1)
        cells, coarse_cells = group_class_points(
            torch.cat([voted[rows], place[rows]]),
            scene[rows].repeat(2),
            label.repeat(2),
            torch.cat([vote_feats[rows], feats[rows]]),
            len(origin),
            self.cell_sizes,
            self.expand,
        )
        classes = self._predict_classes(self.class_block(cells, coarse_cells), cells[1], origin)
        return VotingMaps((feats, voxels), place + origin[scene], semantic, vote, classes)

    def _predict_classes(self, feats: Tensor, cells: SparseVoxels, origin: Tensor) -> list[LevelPrediction]:
        """Predictions of the cells of each class."""
        item = cells.coords[:, 0].long()
        label, scene = item // len(origin), item % len(origin)
        scale = torch.stack([layer.scale for layer in self.scales])
        values = (
            self.conv_center(feats),
            (self.conv_reg(feats) * scale[label, None]).exp(),
            self.conv_cls(feats),
            (cells.coords[:, 1:] + self.exact_places * 0.5) * self.cell_sizes[label] + origin[scene],
        )
        counts = cells.counts
        by_item = [value.split(counts) for value in values]
        starts = range(0, len(counts), len(origin))
        return [LevelPrediction(*(list(kind[i : i + len(origin)]) for kind in by_item)) for i in starts]

    def loss_by_maps(
        self, maps: VotingMaps, points: Sequence[Tensor], samples: Sequence[Det3DDataSample]
    ) -> dict[str, Tensor]:
        """Losses of the first stage, means over scenes.

        Args:
            maps: What ``forward`` returned.
            points: Per scene ``(P, 3 or more)``, xyz in metres first.
            samples: With ``gt_instances_3d``, and ``gt_pts_seg`` with ``pts_semantic_mask`` and
                ``pts_instance_mask`` of the points.

        Raises:
            ValueError: If a scene has no semantic or instance mask.
        """
        instances = [sample.gt_instances_3d for sample in samples]
        losses = self.loss_by_feat(*maps.by_kind(), instances, [sample.metainfo for sample in samples])
        counts = maps.level[1].counts
        semantic, vote = [], []
        for logits, offset, place, cloud, sample in zip(
            *(rows.split(counts) for rows in (maps.semantic, maps.vote, maps.location)), points, samples
        ):
            semantic.append(self._semantic_loss(logits, place, sample.gt_instances_3d))
            vote.append(self._vote_loss(offset, place, cloud, sample))
        losses['semantic_loss'] = torch.stack(semantic).mean()
        losses['vote_loss'] = torch.stack(vote).mean()
        return losses

    def _semantic_loss(self, logits: Tensor, location: Tensor, instances: InstanceData) -> Tensor:
        """Loss of class scores; a voxel's class is that of the smallest box around it."""
        boxes, labels = instances.bboxes_3d.to(location.device), instances.labels_3d
        target = labels.new_full((len(location),), self.num_classes)
        if len(boxes):
            shape = (len(location), len(boxes))
            places = torch.cat([boxes.gravity_center, boxes.tensor[:, 3:]], dim=1).expand(*shape, 7)
            faces = self._get_face_distances(location[:, None].expand(*shape, 3), places)
            volume, box = torch.where(faces.amin(2) > 0, boxes.volume, torch.inf).min(dim=1)
            known = volume.isfinite() & (labels[box] >= 0)
            target = torch.where(known, labels[box], target)
        num_positive = (target < self.num_classes).sum().float()
        return self.semantic_loss(logits, target, avg_factor=num_positive.clamp(min=1))

    def _vote_loss(self, vote: Tensor, location: Tensor, points: Tensor, sample: Det3DDataSample) -> Tensor:
        """Loss of votes, weighted as in the original.

        Of N voxels in the scene, one that belongs to an object counts 1 / N + 1e-6; any other counts 1e-6
        and learns to vote for its own place.
        """
        masks = sample.get('gt_pts_seg', {})
        missing = {'pts_semantic_mask', 'pts_instance_mask'} - set(masks.keys())
        if missing:
            raise ValueError(
                f'samples must have pts_semantic_mask and pts_instance_mask, got none of {sorted(missing)}'
            )
        target, member = vote_targets(
            location,
            points[:, :3],
            masks.pts_semantic_mask,
            masks.pts_instance_mask,
            sample.gt_instances_3d.bboxes_3d.gravity_center,
            self.num_classes,
        )
        weight = member.to(target.dtype) / len(vote) + 1e-6  # of one voxel among many: too small for 16 bits
        return self.vote_loss(vote, target, weight[:, None].expand_as(vote))

    @torch.no_grad()
    def get_targets(
        self, points: list[Tensor], gt_bboxes: BaseInstance3DBoxes, gt_labels: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Targets of a scene's cells; those of a class learn boxes of that class alone.

        Args:
            points: Locations of each class's cells, ``(M, 3)`` metres.
            gt_bboxes: Boxes of the scene.
            gt_labels: ``(boxes,)`` int64, negative for a class that is not learnt.

        Returns:
            Centreness ``(M,)``, boxes ``(M, 6)`` and labels ``(M,)`` of all cells; -1 is background.
        """
        gt_bboxes = self.bbox_coder.learnable(gt_bboxes)
        targets = []
        for label, locations in enumerate(points):
            of_class = gt_labels == label
            targets.append(super().get_targets([locations], gt_bboxes[of_class], gt_labels[of_class]))
        return tuple(torch.cat(kind) for kind in zip(*targets))

    @torch.no_grad()
    def proposals(self, maps: VotingMaps, samples: Sequence[Det3DDataSample]) -> list[InstanceData]:
        """Boxes, scores and labels of each scene: the best cells of each class, without duplicates."""
        return self.predict_by_feat(*maps.by_kind(), [sample.metainfo for sample in samples])


def _linear_norm(in_channels: int, out_channels: int) -> tuple[nn.Module, nn.Module]:
    return nn.Linear(in_channels, out_channels, bias=False), BatchNorm(out_channels)


def _clamp_to_scene(voted: Tensor, place: Tensor, voxels: SparseVoxels) -> Tensor:
    """Keep votes within the extent of their own scene and one voxel around it."""
    edge = voxels.stride * voxels.voxel_size
    counts = voxels.counts
    parts = [
        vote.clamp(own.amin(0) - edge, own.amax(0) + edge)
        for vote, own in zip(voted.split(counts), place.split(counts))
        if len(own)
    ]
    return torch.cat(parts)
