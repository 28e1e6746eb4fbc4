"""Overlap of pairs of boxes with yaw, differentiable, on every device.

mmcv's ``diff_iou_rotated_3d`` sorts the corners of the shared polygon by a kernel that exists for CUDA alone.
Here no polygon is made. Clamping the plane to a rectangle R leaves the points inside it where they are and
folds all others onto its border; the outline of a second rectangle, clamped to R, therefore winds once around
each point that both hold and around no other, and its signed area is the area that they share. That area is
the sum over edges of a closed form.
"""

from __future__ import annotations

import torch
from torch import Tensor

CORNER_SIGNS = ((-1, -1), (1, -1), (1, 1), (-1, 1))  # counter-clockwise


def paired_rotated_ious(first: Tensor, second: Tensor) -> Tensor:
    """Intersection over union of the volumes of each pair of boxes.

    Where the overlap has no derivative, as for identical boxes, the gradient lies between the one-sided
    ones; it is finite everywhere, and zero up to rounding for boxes apart.

    Args:
        first: ``(N, 7)`` centre, size and yaw, in metres and radians; sizes are not negative. Half precision
            is computed in float32.
        second: ``(N, 7)`` likewise.

    Returns:
        ``(N,)`` in [0, 1] up to rounding; 0 for two boxes without volume.
    """
    if first.dtype in (torch.float16, torch.bfloat16):
        first, second = first.float(), second.float()
    plan = [0, 1, 3, 4, 6]
    shared = shared_areas(first[:, plan], second[:, plan]) * _shared_heights(first, second)
    union = first[:, 3:6].prod(1) + second[:, 3:6].prod(1) - shared
    return shared / union.clamp(min=torch.finfo(union.dtype).tiny)


def shared_areas(first: Tensor, second: Tensor) -> Tensor:
    """Areas that pairs of rectangles share.

    Args:
        first: ``(N, 5)`` centre, size and angle, in metres and radians.
        second: ``(N, 5)`` likewise.

    Returns:
        ``(N,)`` square metres, not negative.
    """
    # in the frame of the first rectangle; far from the origin nothing is lost
    center = _turn(second[:, :2] - first[:, :2], -first[:, 4])
    signs = second.new_tensor(CORNER_SIGNS)
    local = _turn(signs * second[:, None, 2:4] / 2, (second[:, 4] - first[:, 4])[:, None])
    return _clamped_area(center[:, None] + local, first[:, None, 2:4] / 2).clamp(min=0)


def enclosing_corners(boxes: Tensor) -> Tensor:
    """Low and high corners ``(N, 6)`` of the axis-aligned boxes around boxes with yaw ``(N, 7)``."""
    cos, sin = boxes[:, 6].cos().abs(), boxes[:, 6].sin().abs()
    dx, dy, dz = boxes[:, 3:6].unbind(1)
    half = torch.stack([cos * dx + sin * dy, sin * dx + cos * dy, dz], dim=1) / 2
    return torch.cat([boxes[:, :3] - half, boxes[:, :3] + half], dim=1)


def _shared_heights(first: Tensor, second: Tensor) -> Tensor:
    """Lengths ``(N,)`` along z that pairs of boxes share."""
    offset, half, other = second[:, 2] - first[:, 2], first[:, 5] / 2, second[:, 5] / 2
    return (torch.minimum(half, offset + other) - torch.maximum(-half, offset - other)).clamp(min=0)


def _clamped_area(outline: Tensor, half: Tensor) -> Tensor:
    """Signed area ``(N,)`` of polygons ``(N, V, 2)`` clamped to ``-half .. half``, ``(N, 1, 2)``.

    Along an edge x dy is integrated over the stretch where y is not clamped; there it is the mean of the
    clamped x, times the rise in y.
    """
    (half_x, half_y), (x, y) = half.unbind(2), outline.unbind(2)
    next_x, next_y = x.roll(-1, 1), y.roll(-1, 1)
    low, high = _clamp(y, half_y), _clamp(next_y, half_y)
    slope = _ratio(next_x - x, next_y - y)
    mean = _mean_of_clamp(x + (low - y) * slope, next_x + (high - next_y) * slope, half_x)
    return (mean * (high - low)).sum(1)


def _mean_of_clamp(start: Tensor, stop: Tensor, half: Tensor) -> Tensor:
    """Mean of x clamped to ``-half .. half`` while x runs evenly from ``start`` to ``stop``."""
    low, high = _clamp(start, half), _clamp(stop, half)
    share = _ratio(high - low, stop - start)  # of the run that is not clamped
    return (low + high + (start + stop - low - high) * share) / 2


def _clamp(value: Tensor, half: Tensor) -> Tensor:
    # at a tie minimum and maximum share the gradient out, which torch.clamp does not
    return torch.maximum(torch.minimum(value, half), -half)


def _ratio(rise: Tensor, run: Tensor) -> Tensor:
    """``rise / run``; 0 where ``run`` is so small that the square of the quotient could overflow."""
    tiny = run.abs() <= torch.finfo(run.dtype).tiny ** 0.25
    return torch.where(tiny, 0, rise / torch.where(tiny, 1, run))


def _turn(place: Tensor, angle: Tensor) -> Tensor:
    """``(..., 2)`` turned counter-clockwise by ``(...)`` radians."""
    cos, sin = angle.cos(), angle.sin()
    x, y = place.unbind(-1)
    return torch.stack([cos * x - sin * y, sin * x + cos * y], dim=-1)
