"""Objectives beside labels, for ``WithObjectives``."""

from .deep_supervision import DeepSupervision
from .point_mcd import PointMCD
from .two_dpass import TwoDPASS
from .view_correspondence import ViewCorrespondence

__all__ = ['DeepSupervision', 'PointMCD', 'TwoDPASS', 'ViewCorrespondence']
