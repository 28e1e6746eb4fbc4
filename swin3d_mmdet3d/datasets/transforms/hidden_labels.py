"""Labels that a training must not see."""

from __future__ import annotations

from typing import Any

import numpy as np
from mmcv.transforms import BaseTransform
from mmdet3d.registry import TRANSFORMS

from .point_selection import add_field


@TRANSFORMS.register_module()
class HideLabels(BaseTransform):
    """Make a scene one without labels, and keep those it has aside, for scores alone.

    Stands behind ``MapSemanticLabels``, in the pipelines of both the labelled and the unlabelled scenes of a
    mixed batch, whose samples then have the same fields. Added fields of the points: ``pts_semantic_mask``
    (P,) int64, the labels to learn from, and ``hidden_labels`` (P,) int64, those that are hidden; each is
    ``ignore_index`` where the other one is not. A scene whose labels are hidden may have none. Added key:
    ``labels_hidden``, which has to be among the ``meta_keys`` of the packing transform.

    Args:
        hidden: Whether to hide the labels of these scenes.
        ignore_index: Label of points without one.
    """

    def __init__(self, hidden: bool = True, ignore_index: int = 255) -> None:
        self.hidden = hidden
        self.ignore_index = ignore_index

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        """Hide the labels, or none."""
        nothing = np.full(len(results['points']), self.ignore_index, dtype=np.int64)
        labels = results.get('pts_semantic_mask', nothing) if self.hidden else results['pts_semantic_mask']
        seen, unseen = (nothing, labels) if self.hidden else (labels, nothing)
        results['pts_semantic_mask'] = seen
        add_field(results, 'per_point', 'hidden_labels', unseen)
        results['labels_hidden'] = self.hidden
        return results

    def __repr__(self) -> str:
        return f'{type(self).__name__}(hidden={self.hidden}, ignore_index={self.ignore_index})'
