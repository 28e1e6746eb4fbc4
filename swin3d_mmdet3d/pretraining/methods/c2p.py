"""C2P: complete-to-partial distillation, from a whole scan to what a camera sees of it step by step."""

from __future__ import annotations

from typing import Any

import torch
from mmdet3d.registry import MODELS
from torch import Tensor, nn

from ...structures import CloudView
from ..base import BasePretrainer
from ..feature_spread import feature_spread
from ..group_pooling import group_maxima
from ..teachers import MomentumTeacher


@MODELS.register_module()
class C2P(BasePretrainer):
    """Features of partial clouds shall be those that a teacher has of the complete cloud.

    The student sees each of T frames by itself, its moving average the complete cloud. With NCE of matched
    rows, s_t the student's features of frame t, pooled by their maximum, and c_t the teacher's of all that
    lies in the view of frame t, hidden or not:

        L = NCE(voxels of a frame, the same places of the complete cloud), a mean over frames
            + frame_weight (1/2 NCE(s_t, c_t) + 1/4 NCE(F(s_t), c_t+1) + 1/4 NCE(B(s_t), c_t-1)),

    where the frames of one sample are each other's negatives, and F and B predict what the next frame and the
    one before will see.

    Args:
        matcher: Config of the choice of pairs of voxels, which takes a frame and the complete cloud.
        criterion: Config of the contrastive loss of all terms.
        predictor: Config of each of the predictors F and B of pooled features, whose width they keep: without
            ``out_channels``.
        momentum: Share of the teacher's old weights.
        frame_weight: Factor of the terms of frames.
        kwargs: Arguments of :class:`BasePretrainer`.

    Source: arXiv 2212.05330; weights, temperature and predictors as in github.com/dongyh20/C2P. There objects
        move, a network of time joins the student's frames, the teacher has the student's weights and their
        gradient, and nothing is matched below frames.
    """

    def __init__(
        self,
        matcher: dict,
        criterion: dict,
        predictor: dict,
        momentum: float = 0.99,
        frame_weight: float = 1.0,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.matcher, self.criterion = MODELS.build(matcher), MODELS.build(criterion)
        self.forward_head, self.backward_head = (
            MODELS.build(dict(predictor, out_channels=predictor['in_channels'])) for _ in range(2)
        )
        self.teacher = MomentumTeacher(dict(backbone=self.backbone, neck=self.neck), momentum)
        self.frame_weight = frame_weight

    def loss(self, views: list[CloudView], data_samples: list | None) -> dict[str, Tensor]:
        """The terms of points and of frames; those with nothing to compare are 0.

        Logged are the pairs of a sample and frame, and the spread of the voxels' features.

        Raises:
            ValueError: If there is no frame, or the frames are not as many as the complete cloud knows of.
        """
        complete, *frames = views
        in_frame = complete.at_voxels('in_frame')
        if not frames or in_frame.shape[1] != len(frames):
            raise ValueError(
                f'views must be the complete cloud and its {in_frame.shape[1]} frames, got {len(frames)} '
                'frames; PartialFrames makes them'
            )
        taught, _ = self.teacher.encode(complete).finest
        own = [self.encode(frame).finest[0] for frame in frames]
        pairs = [self.matcher(frame, complete) for frame in frames]
        points = [self.criterion(feats, taught, matched) for feats, matched in zip(own, pairs)]
        num_pairs = sum(len(rows) for rows, _ in pairs)
        pooled = torch.stack(
            [_maxima(feats, frame, slice(None))[0] for feats, frame in zip(own, frames)], dim=1
        )
        goals, known = (
            torch.stack(part, dim=1)
            for part in zip(*(_maxima(taught, complete, column) for column in in_frame.t()))
        )
        return dict(
            loss_points=sum(points) / len(points),
            **self._losses_of_frames(pooled, goals, known),
            pairs_per_sample=taught.new_tensor(num_pairs / complete.voxels.batch_size / len(frames)),
            point_spread=feature_spread(torch.cat(own)),
        )

    def _losses_of_frames(self, pooled: Tensor, goals: Tensor, known: Tensor) -> dict[str, Tensor]:
        """Contrast of frames ``(B, T, C)`` with goals ``(B, T, C)``, where ``(B, T)`` known."""
        now = self._contrast(pooled, goals, known)
        after = self._contrast(self._predicted(self.forward_head, pooled[:, :-1]), goals[:, 1:], known[:, 1:])
        before = self._contrast(
            self._predicted(self.backward_head, pooled[:, 1:]), goals[:, :-1], known[:, :-1]
        )
        return dict(
            loss_frames=self.frame_weight / 2 * now,
            loss_forward=self.frame_weight / 4 * after,
            loss_backward=self.frame_weight / 4 * before,
        )

    def _contrast(self, own: Tensor, goals: Tensor, known: Tensor) -> Tensor:
        """Loss of each sample, a mean; 0 of one whose goals are not two at least."""
        losses = [
            self.criterion(rows[kept], goal[kept], alone=True) for rows, goal, kept in zip(own, goals, known)
        ]
        return sum(losses) / len(losses)

    @staticmethod
    def _predicted(head: nn.Module, pooled: Tensor) -> Tensor:
        return head(pooled.flatten(0, 1)).unflatten(0, pooled.shape[:2])


def _maxima(feats: Tensor, view: CloudView, rows: Tensor | slice) -> tuple[Tensor, Tensor]:
    """Largest features ``(B, C)`` of some voxels of each sample, ``(B,)`` bool whether there was one."""
    return group_maxima(feats[rows], view.voxels.coords[rows, 0].long(), view.voxels.batch_size)
