"""Pretraining methods and their shared parts."""

from . import heads, losses, matchers, methods, teachers
from .base import BasePretrainer
from .student_weights import StrictPretrained

__all__ = [
    'BasePretrainer',
    'StrictPretrained',
    'heads',
    'losses',
    'matchers',
    'methods',
    'teachers',
]
