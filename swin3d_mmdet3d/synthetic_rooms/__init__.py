"""Seeded generator of labelled indoor rooms, scanned and photographed virtually."""

from .make_rooms import make_rooms

__all__ = ['make_rooms']
