"""Boxes and labels that a detector can be trained on."""

from __future__ import annotations

from torch import Tensor

MAX_METRES = 1e8
"""From the origin to a box's middle, and of its size; no place on Earth is farther in any projection."""


def invalid_boxes(boxes: Tensor, labels: Tensor, num_classes: int) -> Tensor:
    """Which boxes cannot be learnt, ``(B,)`` bool; on a GPU without a wait.

    Args:
        boxes: ``(B, 6)`` middle and size in metres, or ``(B, 7)`` with yaw.
        labels: ``(B,)`` int64; negative for a class that is not learnt.
        num_classes: Number K of classes.
    """
    size, legal = boxes[:, 3:6], (boxes.abs() < MAX_METRES).all(dim=1)  # NaN is not below it
    return ~legal | ~(size > 0).all(dim=1) | (labels >= num_classes)


def check_boxes(boxes: Tensor, labels: Tensor, num_classes: int) -> None:
    """Refuse boxes that cannot be learnt; arguments as of :func:`invalid_boxes`.

    Raises:
        ValueError: Naming the first one.
    """
    wrong = invalid_boxes(boxes, labels, num_classes).nonzero().flatten().tolist()
    if not wrong:
        return
    row, label = wrong[0], int(labels[wrong[0]])
    if label >= num_classes:
        raise ValueError(
            f'labels of boxes must be below {num_classes}, the number of classes, got {label} of box {row} '
            f'of {len(boxes)}'
        )
    numbers = ', '.join(f'{number:.4g}' for number in boxes[row].tolist())
    raise ValueError(
        f'boxes must be finite, within {MAX_METRES:.0e} m and of a size above 0, got ({numbers}) as box '
        f'{row} of {len(boxes)}'
    )
