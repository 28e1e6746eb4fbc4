"""Losses of pretraining methods."""

from .chamfer_loss import ChamferLoss
from .hardest_contrast import HardestContrast
from .info_nce import InfoNCE

__all__ = ['ChamferLoss', 'HardestContrast', 'InfoNCE']
