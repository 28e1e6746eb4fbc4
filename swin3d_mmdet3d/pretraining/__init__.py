"""Pretraining methods and their shared parts."""

from . import heads, losses, maskers, matchers, methods, objectives, targets, teachers
from .auxiliary import WithObjectives
from .base import BasePretrainer

__all__ = [
    'BasePretrainer',
    'WithObjectives',
    'heads',
    'losses',
    'maskers',
    'matchers',
    'methods',
    'objectives',
    'targets',
    'teachers',
]
