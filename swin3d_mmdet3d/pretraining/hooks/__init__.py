"""Hooks of pretraining, registered in HOOKS."""

from .collapse_hook import CollapseHook
from .export_student_hook import ExportStudentHook
from .freeze_hook import FreezeHook
from .momentum_teacher_hook import MomentumTeacherHook

__all__ = ['CollapseHook', 'ExportStudentHook', 'FreezeHook', 'MomentumTeacherHook']
