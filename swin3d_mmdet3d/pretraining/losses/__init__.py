"""Losses of pretraining methods."""

from .chamfer_loss import ChamferLoss
from .cosine_distance import CosineDistance
from .depth_loss import DepthLoss
from .hardest_contrast import HardestContrast
from .info_nce import InfoNCE
from .queue_nce import QueueNCE
from .self_distillation import SelfDistillation

__all__ = [
    'ChamferLoss',
    'CosineDistance',
    'DepthLoss',
    'HardestContrast',
    'InfoNCE',
    'QueueNCE',
    'SelfDistillation',
]
