"""Losses registered in MODELS."""

from .axis_aligned_diou_loss import AxisAlignedDIoULoss

__all__ = ['AxisAlignedDIoULoss']
