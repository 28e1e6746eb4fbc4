"""Labels of objects and of their points: looked at before a loss that would not say whose they are."""

from __future__ import annotations

from collections.abc import Sequence

from mmdet3d.structures import Det3DDataSample
from torch import Tensor

from ...finite_values import sample_names


def check_classes(
    labels: Tensor, num_classes: int, name: str, data_samples: Sequence[Det3DDataSample]
) -> None:
    """Refuse labels that are no classes.

    Args:
        labels: ``(B,)`` or ``(B, P)`` int64, of the objects of a batch or of their points.
        num_classes: Number of classes.
        name: Of the labels, for the message.
        data_samples: The B samples.

    Raises:
        ValueError: Naming the first object that has such a label, and the label.
    """
    labels = labels.reshape(len(labels), -1)
    wrong = (labels < 0) | (labels >= num_classes)
    if not bool(wrong.any()):
        return
    place = int(wrong.any(dim=1).nonzero()[0])
    found = labels[place][wrong[place]].unique().tolist()
    raise ValueError(
        f'{sample_names(data_samples)[place]}: {name} must be 0 .. {num_classes - 1}, got {found}'
    )
