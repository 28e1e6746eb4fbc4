"""What all classifiers of voxels share: the loss and the check of its labels."""

from __future__ import annotations

from mmdet3d.registry import MODELS
from mmengine.model import BaseModule
from torch import Tensor

from ...structures import SparseVoxels
from ..losses.global_mean import global_mean


class VoxelHead(BaseModule):
    """A classifier ``(feats (N, C), voxels) -> logits (N, classes)`` with its loss.

    Args:
        ignore_index: Label that takes no part in the loss.
        loss_decode: Config of the loss, called with logits, labels and ``ignore_index``; cross entropy by
            default. One of several terms gives them by name, ``{'loss_...': loss}``. It shall be a mean over
            labelled voxels, which is made one over those of all processes.
        init_cfg: Initialisation config of mmengine.
    """

    def __init__(
        self, ignore_index: int = 255, loss_decode: dict | None = None, init_cfg: dict | None = None
    ) -> None:
        super().__init__(init_cfg)
        self.ignore_index = ignore_index
        # avg_non_ignore: the mean over labelled voxels, and 0 where a batch has none
        self.loss_decode = MODELS.build(
            loss_decode or dict(type='mmdet.CrossEntropyLoss', avg_non_ignore=True)
        )

    def loss(self, feats: Tensor, voxels: SparseVoxels | None, labels: Tensor) -> dict[str, Tensor]:
        """Loss of voxels: ``loss_seg``, or the terms of ``loss_decode`` by their names.

        Args:
            feats: ``(N, C)``.
            voxels: The N voxels.
            labels: ``(N,)`` int64, classes or ``ignore_index``.

        Raises:
            ValueError: If a label is neither a class nor ``ignore_index``.
        """
        return self.loss_by_logits(self(feats, voxels), labels)

    def loss_by_logits(self, logits: Tensor, labels: Tensor) -> dict[str, Tensor]:
        """The loss of what the head gave, ``(N, classes)``, for labels ``(N,)`` as of :meth:`loss`."""
        num_classes = logits.shape[1]
        wrong = ((labels < 0) | (labels >= num_classes)) & (labels != self.ignore_index)
        if bool(wrong.any()):
            raise ValueError(
                f'labels must be 0 .. {num_classes - 1} or ignore_index {self.ignore_index}, '
                f'got {labels[wrong].unique().tolist()[:8]}'
            )
        losses = self.loss_decode(logits, labels, ignore_index=self.ignore_index)
        if not isinstance(losses, dict):
            losses = dict(loss_seg=losses)
        num_labelled = (labels != self.ignore_index).sum()
        return {name: global_mean(loss, num_labelled) for name, loss in losses.items()}
