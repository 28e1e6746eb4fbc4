"""Hooks of every training and test, registered in HOOKS."""

from .atomic_checkpoint_hook import AtomicCheckpointHook
from .class_agreement_hook import ClassAgreementHook
from .class_weights_hook import ClassWeightsHook
from .collapse_hook import CollapseHook
from .condition_loss_hook import ConditionLossHook
from .export_hook import ExportHook
from .finite_training_hook import FiniteTrainingHook
from .finite_weights_hook import FiniteWeightsHook
from .freeze_hook import FreezeHook
from .learnable_boxes_hook import LearnableBoxesHook
from .momentum_teacher_hook import MomentumTeacherHook
from .position_seed_hook import PositionSeedHook
from .process_mean_hook import ProcessMeanHook
from .resumed_validation_hook import ResumedValidationHook
from .self_label_hook import SelfLabelHook
from .semantic_threshold_hook import SemanticThresholdHook
from .stop_signal_hook import StopSignalHook
from .sync_batch_norm_hook import SyncBatchNormHook
from .value_schedule_hook import ValueScheduleHook

__all__ = [
    'AtomicCheckpointHook',
    'ClassAgreementHook',
    'ClassWeightsHook',
    'CollapseHook',
    'ConditionLossHook',
    'ExportHook',
    'FiniteTrainingHook',
    'FiniteWeightsHook',
    'FreezeHook',
    'LearnableBoxesHook',
    'MomentumTeacherHook',
    'PositionSeedHook',
    'ProcessMeanHook',
    'ResumedValidationHook',
    'SelfLabelHook',
    'SemanticThresholdHook',
    'StopSignalHook',
    'SyncBatchNormHook',
    'ValueScheduleHook',
]
