"""Objectives: losses on the levels of a network, beside labels (``WithObjectives``) or within a method."""

from .deep_supervision import DeepSupervision
from .patch_distillation import PatchDistillation
from .point_mcd import PointMCD
from .spnet import SPNet
from .two_dpass import TwoDPASS
from .view_correspondence import ViewCorrespondence

__all__ = ['DeepSupervision', 'PatchDistillation', 'PointMCD', 'SPNet', 'TwoDPASS', 'ViewCorrespondence']
