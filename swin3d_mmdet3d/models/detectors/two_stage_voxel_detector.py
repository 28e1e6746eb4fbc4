"""Detection in two stages on sparse voxels: proposals and their refinement."""

from __future__ import annotations

from typing import Any

from mmdet3d.registry import MODELS
from mmdet3d.structures import Det3DDataSample
from torch import Tensor

from ...finite_values import check_finite_outputs
from ...structures import FeatureLevel, Levels, MultiScaleFeatures
from .voxel_detector import VoxelDetector


@MODELS.register_module()
class TwoStageVoxelDetector(VoxelDetector):
    """Backbone, decoder, a head that proposes boxes and one that refines them.

    Both heads read one level: that of the decoder, or the backbone's finest without a decoder.

    Args:
        roi_head: Config of the second stage, such as :class:`CAGroup3DRoIHead`.
        train_cfg: How RoIs are drawn: arguments of :func:`sample_rois`.
        test_cfg: ``nms_pre``, ``score_thr`` and ``iou_thr`` of both stages.
        kwargs: Arguments of :class:`VoxelDetector`; ``bbox_head`` is the first stage, such as
            :class:`CAGroup3DHead`.
    """

    def __init__(
        self,
        *,
        roi_head: dict,
        train_cfg: dict | None = None,
        test_cfg: dict | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(train_cfg=train_cfg, test_cfg=test_cfg, **kwargs)
        self.roi_head = MODELS.build({**roi_head, 'train_cfg': train_cfg, 'test_cfg': test_cfg})

    def head_levels(self, levels: Levels) -> tuple[FeatureLevel, ...]:
        """The one level that the heads read."""
        return (levels.finest,)

    def loss_by_levels(
        self, levels: Levels, batch_inputs_dict: dict, batch_data_samples: list[Det3DDataSample]
    ) -> dict[str, Tensor]:
        """Losses of both stages; the second learns from the proposals of the first, which it leaves alone."""
        scenes = MultiScaleFeatures(self.head_levels(levels), batch_inputs_dict['origin'])
        maps = self.bbox_head(scenes)
        losses = self.bbox_head.loss_by_maps(maps, batch_inputs_dict['points'], batch_data_samples)
        proposals = self.bbox_head.proposals(maps, batch_data_samples)
        instances = [sample.gt_instances_3d for sample in batch_data_samples]
        return {**losses, **self.roi_head.loss(maps.level, proposals, instances, scenes.origin)}

    def predict(
        self, batch_inputs_dict: dict, batch_data_samples: list[Det3DDataSample], **kwargs: Any
    ) -> list[Det3DDataSample]:
        """Add ``pred_instances_3d`` with boxes, scores and labels to each sample.

        Raises:
            ValueError: If what the network gives is NaN or infinite, with the name of the scan.
        """
        scenes = self.extract_feat(batch_inputs_dict)
        maps = self.bbox_head(scenes)
        check_finite_outputs((scenes, maps), batch_data_samples)
        proposals = self.bbox_head.proposals(maps, batch_data_samples)
        boxes = self.roi_head.predict(maps.level, proposals, scenes.origin)
        refined = [(found.bboxes_3d.tensor, found.scores_3d) for found in boxes]
        check_finite_outputs(refined, batch_data_samples)
        return self.add_pred_to_datasample(batch_data_samples, boxes)
