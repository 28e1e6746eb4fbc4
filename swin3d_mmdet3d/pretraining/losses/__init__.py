"""Losses of pretraining methods."""

from .chamfer_loss import ChamferLoss
from .info_nce import InfoNCE

__all__ = ['ChamferLoss', 'InfoNCE']
