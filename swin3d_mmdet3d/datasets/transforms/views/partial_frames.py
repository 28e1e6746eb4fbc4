"""A scan and what a camera sees of it step by step, as the views of a sample."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from mmcv.transforms import BaseTransform, Compose
from mmdet3d.registry import TRANSFORMS

from ..argument_checks import check_count, check_probability
from ..frames.virtual_camera import VirtualCamera
from ..point_selection import add_field, nearest_rows, scene_label, select_points
from .sample_copies import copy_sample

ATTEMPTS = 10
"""Walks to draw until each frame of one sees enough."""


@TRANSFORMS.register_module()
class PartialFrames(BaseTransform):
    """The complete cloud and the partial clouds that a camera sees on a walk through it.

    The first view is what lies nearest to the walk, whole; it gets the field ``in_frame`` (P, T) bool of its
    points: whether a point lies in the view of each frame, hidden or not. A view for each frame follows, in
    their order, with the points that the frame sees. Points keep all their fields, those of ``SourceCoords``
    among them, by which matchers pair the points of a frame with those of the complete cloud.

    Of some walks the first is taken each of whose frames sees a share of the points, else the one whose
    poorest frame sees most.

    Args:
        complete_pipeline: Transforms of the complete cloud.
        frame_pipeline: Transforms of each frame.
        spacing: How far neighbouring points of a surface lie apart at most, metres.
        num_frames: Frames T.
        step: Way of the camera between two frames, metres.
        turn: Angle between two frames, radians.
        view: Horizontal angle of view, radians; that of RGB-D cameras is about 1.1.
        max_points: Most points of the complete cloud.
        min_seen: Share of them that each frame should see.
        shuffle: Give the points of the complete cloud the fields of others, in random order, as a control.

    Source: arXiv 2212.05330, section 3.2, makes partial clouds of a complete one with a camera that moves
        around it. There the objects move, too, and a complete cloud belongs to each frame.
    """

    def __init__(
        self,
        complete_pipeline: Sequence[dict],
        frame_pipeline: Sequence[dict],
        spacing: float,
        num_frames: int = 4,
        step: float = 0.25,
        turn: float = 0.35,
        view: float = 1.57,
        max_points: int = 65536,
        min_seen: float = 0.05,
        shuffle: bool = False,
    ) -> None:
        self.complete_pipeline = Compose(list(complete_pipeline))
        self.frame_pipeline = Compose(list(frame_pipeline))
        self.camera = VirtualCamera(spacing, step, turn, view)
        self.num_frames = check_count('num_frames', num_frames)
        self.max_points = check_count('max_points', max_points)
        self.min_seen = check_probability('min_seen', min_seen)
        self.shuffle = shuffle

    def transform(self, results: dict[str, Any]) -> dict[str, Any] | None:
        """Add ``views``; None where a frame sees nothing or a pipeline skips its view.

        Raises:
            ValueError: If there is no point.
        """
        if len(results['points']) == 0:
            raise ValueError(f'{scene_label(results)}: points must hold at least one point, got none')
        rows, in_view, seen = self._best_walk(results['points'].coord.numpy().astype(np.float64))
        if not seen.any(axis=0).all():
            return None
        whole = select_points(dict(results), rows)
        frames = [select_points(dict(whole), np.flatnonzero(column)) for column in seen.T]
        complete = copy_sample(whole)
        add_field(complete, 'per_point', 'in_frame', in_view)
        if self.shuffle:
            order = np.random.permutation(len(rows))
            for name, values in complete['per_point'].items():
                complete['per_point'][name] = values[order]
        views = [self.complete_pipeline(complete)]
        views += [self.frame_pipeline(copy_sample(frame)) for frame in frames]
        if any(view is None for view in views):
            return None
        results['views'] = views
        return results

    def _best_walk(self, xyz: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Rows (P,) of the points near a walk, which of them are in view (P, T), and which are seen."""
        best, most = None, -1.0
        for _ in range(ATTEMPTS):
            poses = self.camera.walk(xyz, self.num_frames)
            rows = self._near(xyz, np.mean([pose[:3, 3] for pose in poses], axis=0))
            sights = [self.camera.see(xyz[rows], pose) for pose in poses]
            in_view, seen = (np.stack(part, axis=1) for part in zip(*sights))
            poorest = seen.mean(axis=0).min()
            if poorest > most:
                best, most = (rows, in_view, seen), poorest
            if most >= self.min_seen:
                break
        return best

    def _near(self, xyz: np.ndarray, center: np.ndarray) -> np.ndarray:
        """Rows, ascending, of the ``max_points`` points nearest to a place."""
        return nearest_rows(((xyz - center) ** 2).sum(axis=1), self.max_points)

    def __repr__(self) -> str:
        return (
            f'{type(self).__name__}(num_frames={self.num_frames}, camera={self.camera}, '
            f'max_points={self.max_points}, min_seen={self.min_seen}, shuffle={self.shuffle})'
        )
