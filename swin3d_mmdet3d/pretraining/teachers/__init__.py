"""Teachers: frozen networks and moving averages of a student."""

from .efficientnet_lite import EfficientNetLite0, EfficientNetLite2
from .frozen_image_teacher import FrozenImageTeacher
from .frozen_teacher import FrozenTeacher
from .frozen_transformer import FrozenTransformer, MiniLMTransformer, PretrainedTransformer
from .momentum_teacher import MomentumTeacher
from .prompted_transformer import PromptedTransformer
from .transformers_vit import TransformersViT

__all__ = [
    'EfficientNetLite0',
    'EfficientNetLite2',
    'FrozenImageTeacher',
    'FrozenTeacher',
    'FrozenTransformer',
    'MiniLMTransformer',
    'MomentumTeacher',
    'PretrainedTransformer',
    'PromptedTransformer',
    'TransformersViT',
]
