"""Detection of boxes in whole scenes on sparse voxels."""

from __future__ import annotations

from typing import Any

import torch
from mmdet3d.models.detectors.single_stage import SingleStage3DDetector
from mmdet3d.registry import MODELS
from mmdet3d.structures import Det3DDataSample
from torch import Tensor

from ...finite_values import check_finite_outputs, sample_names
from ...structures import FeatureLevel, Levels, MultiScaleFeatures
from ...structures.box_validity import check_boxes, invalid_boxes
from ..encoding import encode_levels


@MODELS.register_module()
class VoxelDetector(SingleStage3DDetector):
    """Backbone, neck and box head over the voxels of a batch.

    Args:
        args: Arguments of mmdet3d's ``SingleStage3DDetector``: configs of a backbone
            ``(feats, voxels) -> tuple of (feats, voxels)``, of a neck from levels to levels, of a head on
            :class:`MultiScaleFeatures`, and of a :class:`VoxelPreprocessor`.
        kwargs: Likewise.

    Raises:
        ValueError: If the preprocessor permutes the axes, which boxes do not follow.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        axes = getattr(self.data_preprocessor, 'axes', [0, 1, 2])
        if axes != [0, 1, 2]:
            raise ValueError(
                f'axes of the preprocessor must be (0, 1, 2) for boxes, got {tuple(axes)}; '
                'weights trained with y up are turned by convert_checkpoint'
            )

    def extract_feat(self, batch_inputs_dict: dict) -> MultiScaleFeatures:
        """What the head reads, and the scenes' origins."""
        return MultiScaleFeatures(
            self.head_levels(self.encode(batch_inputs_dict)), batch_inputs_dict['origin']
        )

    def encode(self, batch_inputs_dict: dict) -> Levels:
        """All levels of backbone and neck for a batch, by name."""
        neck = self.neck if self.with_neck else None
        return encode_levels(self.backbone, neck, batch_inputs_dict['feats'], batch_inputs_dict['voxels'])

    def head_levels(self, levels: Levels) -> tuple[FeatureLevel, ...]:
        """The levels that the head reads: those of the neck, or of the backbone without one."""
        return levels.decoder or levels.encoder

    def loss(
        self, batch_inputs_dict: dict, batch_data_samples: list[Det3DDataSample], **kwargs: Any
    ) -> dict[str, Tensor]:
        """Losses of the head.

        Raises:
            ValueError: Naming the scan, if a box is not finite or of no size, or its label no class.
        """
        self._check_truths(batch_data_samples)
        return self.loss_by_levels(self.encode(batch_inputs_dict), batch_inputs_dict, batch_data_samples)

    def _check_truths(self, samples: list[Det3DDataSample]) -> None:
        """Look at the boxes of a batch, before the network, while a GPU is idle."""
        truths = [sample.gt_instances_3d for sample in samples]
        boxes = [(truth.bboxes_3d.tensor, truth.labels_3d, self.bbox_head.num_classes) for truth in truths]
        if not bool(torch.cat([invalid_boxes(*own) for own in boxes]).any()):
            return
        for name, own in zip(sample_names(samples), boxes):
            try:
                check_boxes(*own)
            except ValueError as error:
                raise ValueError(f'{name}: {error}') from None

    def loss_by_levels(
        self, levels: Levels, batch_inputs_dict: dict, batch_data_samples: list[Det3DDataSample]
    ) -> dict[str, Tensor]:
        """The losses of what :meth:`encode` gave for the batch."""
        scenes = MultiScaleFeatures(self.head_levels(levels), batch_inputs_dict['origin'])
        return self.bbox_head.loss(scenes, batch_data_samples)

    def predict(
        self, batch_inputs_dict: dict, batch_data_samples: list[Det3DDataSample], **kwargs: Any
    ) -> list[Det3DDataSample]:
        """Add ``pred_instances_3d`` with boxes, scores and labels to each sample.

        Raises:
            ValueError: If what the network gives is NaN or infinite, with the name of the scan: suppression
                drops such boxes without a word.
        """
        scenes = self.extract_feat(batch_inputs_dict)
        maps = self.bbox_head(scenes)
        check_finite_outputs((scenes, maps), batch_data_samples)
        metas = [sample.metainfo for sample in batch_data_samples]
        boxes = self.bbox_head.predict_by_feat(*maps, batch_input_metas=metas, **kwargs)
        return self.add_pred_to_datasample(batch_data_samples, boxes)
