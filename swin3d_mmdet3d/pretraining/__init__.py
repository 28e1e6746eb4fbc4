"""Pretraining methods and their shared parts; one import per method."""

from . import heads, losses, matchers, teachers
from .base import BasePretrainer
from .ppkt import PPKT
from .ppt import PPT
from .student_weights import StrictPretrained
from .views import CloudView, PixelMatches, ViewPreprocessor

__all__ = [
    'PPKT',
    'PPT',
    'BasePretrainer',
    'CloudView',
    'PixelMatches',
    'StrictPretrained',
    'ViewPreprocessor',
    'heads',
    'losses',
    'matchers',
    'teachers',
]
