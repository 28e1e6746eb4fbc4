"""Pretraining methods and their shared parts; one import per method."""

from . import heads, hooks, losses, matchers, teachers
from .base import BasePretrainer
from .ppkt import PPKT
from .ppt import PPT
from .student_weights import StrictPretrained
from .trained_weights import TrainedWeightsConstructor
from .views import CloudView, PixelMatches, ViewPreprocessor

__all__ = [
    'PPKT',
    'PPT',
    'BasePretrainer',
    'CloudView',
    'PixelMatches',
    'StrictPretrained',
    'TrainedWeightsConstructor',
    'ViewPreprocessor',
    'heads',
    'hooks',
    'losses',
    'matchers',
    'teachers',
]
