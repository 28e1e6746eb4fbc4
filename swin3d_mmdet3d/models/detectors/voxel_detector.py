"""Detection of boxes in whole scenes on sparse voxels."""

from __future__ import annotations

from typing import Any

from mmdet3d.models.detectors.single_stage import SingleStage3DDetector
from mmdet3d.registry import MODELS

from swin3d_mmdet3d.structures import SceneLevels


@MODELS.register_module()
class VoxelDetector(SingleStage3DDetector):
    """Backbone, neck and box head over the voxels of a batch.

    Args:
        args: Arguments of mmdet3d's ``SingleStage3DDetector``: configs of a backbone
            ``(feats, voxels) -> tuple of (feats, voxels)``, of a neck from levels to levels, of a head on
            :class:`SceneLevels`, and of a :class:`VoxelPreprocessor`.
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

    def extract_feat(self, batch_inputs_dict: dict) -> SceneLevels:
        """Levels of the neck, or of the backbone without one, and the scenes' origins."""
        levels = self.backbone(batch_inputs_dict['feats'], batch_inputs_dict['voxels'])
        if self.with_neck:
            levels = self.neck(levels)
        return SceneLevels(tuple(levels), batch_inputs_dict['origin'])
