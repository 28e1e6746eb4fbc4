"""Networks of single objects: their class, or the parts of their points."""

from .object_classifier import ObjectClassifier
from .part_segmentor import ObjectPartSegmentor

__all__ = ['ObjectClassifier', 'ObjectPartSegmentor']
