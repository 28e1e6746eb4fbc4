"""Which boxes a head learns, registered in TASK_UTILS: what it predicts, and the form of boxes and targets.

A coder has

- ``with_yaw`` and ``box_dim``: whether its boxes have a yaw, and their number of columns, 6 or 7;
- ``num_turns``: the outputs of a site beyond the six that give centre and size;
- ``iou_loss`` and ``diou_loss``: configs of overlap losses on its boxes;
- ``decode(boxes, turns)``: boxes ``(N, box_dim)`` of centre and size ``(N, 6)`` and turns ``(N, num_turns)``;
- ``loss_form(boxes)``: the form in which its losses take boxes;
- ``learnable(boxes)``: the true boxes of a scene as the head learns them; it refuses those that it cannot.
"""

from .axis_aligned_box_coder import AxisAlignedBoxCoder
from .mobius_box_coder import MobiusBoxCoder

__all__ = ['AxisAlignedBoxCoder', 'MobiusBoxCoder']
