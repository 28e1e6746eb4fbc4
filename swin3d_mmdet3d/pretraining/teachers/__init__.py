"""Teachers: frozen image networks and moving averages of a student."""

from .efficientnet_lite import EfficientNetLite0
from .frozen_image_teacher import FrozenImageTeacher
from .momentum_teacher import MomentumTeacher
from .transformers_vit import TransformersViT

__all__ = ['EfficientNetLite0', 'FrozenImageTeacher', 'MomentumTeacher', 'TransformersViT']
