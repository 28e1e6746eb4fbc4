"""mmcv's compiled operators on boxes, on any device: on the CPU where mmcv was built for it alone."""

from __future__ import annotations

import functools
import logging
from typing import Any, Callable

import mmcv.ops
from mmengine.logging import print_log
from torch import Tensor

NOT_BUILT = ('implementation for device', 'Not compiled with GPU support')
"""What mmcv says of an operator that its build lacks on a device."""


def nms(boxes: Tensor, scores: Tensor, iou_threshold: float) -> Tensor:
    """Rows ``(M,)`` of ``(N, 4)`` corners that greedy suppression keeps, best first."""
    return _run(mmcv.ops.nms, boxes, scores, iou_threshold)[1]


def nms_rotated(boxes: Tensor, scores: Tensor, iou_threshold: float) -> Tensor:
    """Rows ``(M,)`` of ``(N, 5)`` centres, sizes, turns [rad] that greedy suppression keeps, best first."""
    return _run(mmcv.ops.nms_rotated, boxes, scores, iou_threshold)[1]


def box_iou_rotated(first: Tensor, second: Tensor) -> Tensor:
    """Intersection over union ``(N, M)`` of ``(N, 5)`` and ``(M, 5)`` centres, sizes and turns [rad]."""
    return _run(mmcv.ops.box_iou_rotated, first, second)


def _run(op: Callable, *args: Any) -> Any:
    """The result of ``op``, computed on the CPU where mmcv has nothing for the device of ``args``."""
    try:
        return op(*args)
    except RuntimeError as error:
        if not any(text in str(error) for text in NOT_BUILT):
            raise
    device = args[0].device
    _say_once(op.__name__, device.type)
    result = op(*(arg.cpu() if isinstance(arg, Tensor) else arg for arg in args))
    if isinstance(result, Tensor):
        return result.to(device)
    return tuple(part.to(device) for part in result)


@functools.cache
def _say_once(name: str, device: str) -> None:
    print_log(
        f'mmcv was built without {name} for {device}: boxes go to the CPU for it', 'current', logging.WARNING
    )
