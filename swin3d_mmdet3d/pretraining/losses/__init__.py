"""Losses of pretraining methods."""

from .feature_spread import feature_spread
from .info_nce import InfoNCE

__all__ = ['InfoNCE', 'feature_spread']
