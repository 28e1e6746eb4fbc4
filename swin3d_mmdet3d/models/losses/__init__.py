"""Losses registered in MODELS."""

from .axis_aligned_diou_loss import AxisAlignedDIoULoss
from .axis_aligned_log_iou_loss import AxisAlignedLogIoULoss

__all__ = ['AxisAlignedDIoULoss', 'AxisAlignedLogIoULoss']
