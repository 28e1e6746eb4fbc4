"""Pretraining methods and their shared parts."""

from . import heads, losses, matchers, methods, teachers
from .base import BasePretrainer

__all__ = [
    'BasePretrainer',
    'heads',
    'losses',
    'matchers',
    'methods',
    'teachers',
]
