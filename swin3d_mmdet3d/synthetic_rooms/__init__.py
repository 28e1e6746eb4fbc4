"""Seeded generator of labelled indoor rooms, scanned and photographed virtually."""

from .generator_hash import generator_hash
from .make_rooms import make_rooms

__all__ = ['generator_hash', 'make_rooms']
