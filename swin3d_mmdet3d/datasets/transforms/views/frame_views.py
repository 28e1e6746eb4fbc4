"""Each frame of a sample as a view of its own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mmcv.transforms import BaseTransform, Compose
from mmdet3d.registry import TRANSFORMS

from ..argument_checks import check_count
from .sample_copies import copy_sample


@TRANSFORMS.register_module()
class FrameViews(BaseTransform):
    """Send the frames of a sample through a pipeline one by one; the results are its views.

    The sample is skipped where it has fewer frames, as where one could not be used, or where the pipeline
    skips a view. Required key: ``frames``, in random order behind ``LoadRGBDFrames``.

    Args:
        pipeline: Transforms of each view, the first of which makes its points (``BackProjectFrames``).
        num_views: Views of a sample.
    """

    def __init__(self, pipeline: Sequence[dict], num_views: int = 2) -> None:
        self.pipeline = Compose(list(pipeline))
        self.num_views = check_count('num_views', num_views)

    def transform(self, results: dict[str, Any]) -> dict[str, Any] | None:
        """Add ``views``, a list of results with one frame each."""
        frames = results['frames']
        if len(frames) < self.num_views:
            return None
        rest = {key: value for key, value in results.items() if key != 'frames'}
        views = [
            self.pipeline({**copy_sample(rest), 'frames': [frame]}) for frame in frames[: self.num_views]
        ]
        if any(view is None for view in views):
            return None
        results['views'] = views
        return results

    def __repr__(self) -> str:
        return f'{type(self).__name__}(num_views={self.num_views})'
