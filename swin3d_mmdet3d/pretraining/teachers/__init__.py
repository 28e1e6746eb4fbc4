"""Teachers: frozen networks and moving averages of a student."""

from .efficientnet_lite import EfficientNetLite0, EfficientNetLite2
from .frozen_image_teacher import FrozenImageTeacher
from .frozen_teacher import FrozenTeacher
from .momentum_teacher import MomentumTeacher
from .transformers_vit import TransformersViT

__all__ = [
    'EfficientNetLite0',
    'EfficientNetLite2',
    'FrozenImageTeacher',
    'FrozenTeacher',
    'MomentumTeacher',
    'TransformersViT',
]
