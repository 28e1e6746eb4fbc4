"""Objectives beside labels, for ``WithObjectives``."""

from .deep_supervision import DeepSupervision
from .two_dpass import TwoDPASS

__all__ = ['DeepSupervision', 'TwoDPASS']
