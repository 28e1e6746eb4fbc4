"""Seeded generator of labelled object clouds: the furniture of the generated rooms, cut and noisy."""

from .make_objects import ObjectOptions, make_objects

__all__ = ['ObjectOptions', 'make_objects']
