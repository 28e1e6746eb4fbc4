"""Losses registered in MODELS."""

from .anchor_margin_loss import AnchorMarginLoss
from .axis_aligned_diou_loss import AxisAlignedDIoULoss
from .axis_aligned_log_iou_loss import AxisAlignedLogIoULoss
from .class_balanced_focal_loss import ClassBalancedFocalLoss
from .cross_entropy_lovasz import CrossEntropyLovasz
from .polygon_iou_loss import PolygonDIoU3DLoss, PolygonIoU3DLoss

__all__ = [
    'AnchorMarginLoss',
    'AxisAlignedDIoULoss',
    'AxisAlignedLogIoULoss',
    'ClassBalancedFocalLoss',
    'CrossEntropyLovasz',
    'PolygonDIoU3DLoss',
    'PolygonIoU3DLoss',
]
