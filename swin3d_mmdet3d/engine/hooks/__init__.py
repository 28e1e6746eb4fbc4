"""Hooks of every training and test, registered in HOOKS."""

from .atomic_checkpoint_hook import AtomicCheckpointHook
from .class_agreement_hook import ClassAgreementHook
from .finite_training_hook import FiniteTrainingHook
from .finite_weights_hook import FiniteWeightsHook
from .learnable_boxes_hook import LearnableBoxesHook

__all__ = [
    'AtomicCheckpointHook',
    'ClassAgreementHook',
    'FiniteTrainingHook',
    'FiniteWeightsHook',
    'LearnableBoxesHook',
]
