"""What all classifiers of voxels share: the loss and the check of its labels."""

from __future__ import annotations

import torch
from mmdet.models.losses import CrossEntropyLoss
from mmdet3d.registry import MODELS
from mmengine.model import BaseModule
from torch import Tensor, nn

from ...structures import SparseVoxels
from ..losses.global_mean import global_mean
from ..voxel_labels import LabelRangeError, label_range


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
            LabelRangeError: If a label is neither a class nor ``ignore_index``.
        """
        return self.loss_by_logits(self(feats, voxels), labels)

    def loss_by_logits(self, logits: Tensor, labels: Tensor) -> dict[str, Tensor]:
        """The loss of what the head gave, ``(N, classes)``, for labels ``(N,)`` as of :meth:`loss`."""
        self.check_labels(labels, logits.shape[1])
        return self.loss_of_checked(logits, labels)

    def loss_of_checked(self, logits: Tensor, labels: Tensor) -> dict[str, Tensor]:
        """The same for labels that :meth:`check_labels` has let pass: a GPU is waited for once."""
        num_labelled = (labels != self.ignore_index).sum()
        arguments = dict(ignore_index=self.ignore_index)
        if _divides_by_labels(
            self.loss_decode
        ):  # told their number, it does not wait for a GPU to count them
            arguments['avg_factor'] = num_labelled.to(torch.promote_types(logits.dtype, torch.float32))
        losses = self.loss_decode(logits, labels, **arguments)
        if not isinstance(losses, dict):
            losses = dict(loss_seg=losses)
        return {name: global_mean(loss, num_labelled) for name, loss in losses.items()}

    def check_labels(self, labels: Tensor, num_classes: int) -> None:
        """Refuse labels that are neither one of so many classes nor ``ignore_index``."""
        low, high = label_range(labels, self.ignore_index)
        if low < 0 or high >= num_classes:
            wrong = ((labels < 0) | (labels >= num_classes)) & (labels != self.ignore_index)
            raise LabelRangeError(
                f'labels must be 0 .. {num_classes - 1} or ignore_index {self.ignore_index}, '
                f'got {labels[wrong].unique().tolist()[:8]}',
                wrong,
            )


def _divides_by_labels(loss: nn.Module) -> bool:
    """Whether a loss is mmdet's cross entropy as a mean over labelled voxels."""
    if type(loss) is not CrossEntropyLoss or loss.use_sigmoid or loss.use_mask:
        return False
    return loss.avg_non_ignore and loss.reduction == 'mean'
