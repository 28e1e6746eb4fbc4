"""Hooks that read or change a model's settings in the course of training."""

from .learnable_boxes_hook import LearnableBoxesHook
from .semantic_threshold_hook import SemanticThresholdHook

__all__ = ['LearnableBoxesHook', 'SemanticThresholdHook']
