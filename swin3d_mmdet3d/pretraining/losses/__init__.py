"""Losses of pretraining methods."""

from .chamfer_loss import ChamferLoss
from .hardest_contrast import HardestContrast
from .info_nce import InfoNCE
from .self_distillation import SelfDistillation

__all__ = ['ChamferLoss', 'HardestContrast', 'InfoNCE', 'SelfDistillation']
