"""Hooks that change a model's settings in the course of training."""

from .semantic_threshold_hook import SemanticThresholdHook

__all__ = ['SemanticThresholdHook']
