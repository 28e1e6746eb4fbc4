"""Hooks of pretraining, registered in HOOKS."""

from .collapse_hook import CollapseHook
from .condition_loss_hook import ConditionLossHook
from .export_student_hook import ExportStudentHook
from .folded_export_hook import FoldedExportHook
from .freeze_hook import FreezeHook
from .momentum_teacher_hook import MomentumTeacherHook

__all__ = [
    'CollapseHook',
    'ConditionLossHook',
    'ExportStudentHook',
    'FoldedExportHook',
    'FreezeHook',
    'MomentumTeacherHook',
]
