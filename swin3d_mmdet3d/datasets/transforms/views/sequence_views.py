"""The views of a sequence of frames: two of them by themselves, and all of them in one place."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from mmcv.transforms import BaseTransform, Compose
from mmdet3d.registry import TRANSFORMS

from ..point_selection import add_field, per_point_fields, scene_label, select_points, set_per_point_fields
from .sample_copies import copy_sample

FRAME = 'frame'


@TRANSFORMS.register_module()
class SequenceViews(BaseTransform):
    """Make 2 + T views of a sequence of T frames.

    The first two are the first and the last frame, each augmented by itself. The others are all frames in
    their order, moved and coloured together, so that what stands still does so in them, and then finished
    one by one. Required key: ``sequence`` (``InsertMovingObject``).

    Args:
        pipeline: Transforms of the first two views.
        sequence_pipeline: Transforms of all frames at once, as one cloud; its points have the field
            ``frame``.
        finish_pipeline: Transforms of each of these frames thereafter.
    """

    def __init__(
        self, pipeline: Sequence[dict], sequence_pipeline: Sequence[dict], finish_pipeline: Sequence[dict]
    ) -> None:
        self.pipeline = Compose(list(pipeline))
        self.sequence_pipeline = Compose(list(sequence_pipeline))
        self.finish_pipeline = Compose(list(finish_pipeline))

    def transform(self, results: dict[str, Any]) -> dict[str, Any] | None:
        """Add ``views``; None where a pipeline skips one.

        Raises:
            ValueError: Naming the scene, if there is no ``sequence``.
        """
        if 'sequence' not in results:
            raise ValueError(
                f'{scene_label(results)}: sequence must be among the keys; InsertMovingObject adds it'
            )
        frames = results.pop('sequence')
        views = [self.pipeline(copy_sample(frames[row])) for row in (0, -1)]
        together = self.sequence_pipeline(_joined(frames))
        if together is None:
            return None
        views += [self.finish_pipeline(_frame(together, number)) for number in range(len(frames))]
        if any(view is None for view in views):
            return None
        results['views'] = views
        return results


def _joined(frames: list[dict[str, Any]]) -> dict[str, Any]:
    """All frames as one cloud, whose points know their frame."""
    joined = copy_sample(frames[0])
    points = [frame['points'] for frame in frames]
    joined['points'] = points[0].cat(points)
    fields = [per_point_fields(frame) for frame in frames]
    set_per_point_fields(
        joined, {name: np.concatenate([field[name] for field in fields]) for name in fields[0]}
    )
    add_field(joined, 'per_point', FRAME, np.repeat(np.arange(len(frames)), [len(part) for part in points]))
    return joined


def _frame(together: dict[str, Any], number: int) -> dict[str, Any]:
    rows = per_point_fields(together)[FRAME] == number
    return select_points(copy_sample(together), np.flatnonzero(rows))
