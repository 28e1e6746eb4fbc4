"""Seeded generator of labelled object clouds: the furniture of the generated rooms, cut and noisy."""

from .generated_objects import GeneratedObjectDataset
from .make_objects import ObjectOptions, make_objects

__all__ = ['GeneratedObjectDataset', 'ObjectOptions', 'make_objects']
