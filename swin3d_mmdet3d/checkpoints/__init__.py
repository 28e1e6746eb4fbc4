"""Checkpoint files: read without running code, loaded whole or refused; those of the original Swin3D."""

from .loader import CheckpointError, checked_checkpoints, load_checkpoint, read_checkpoint
from .strict_loading import StrictPretrained, load_strictly

__all__ = [
    'CheckpointError',
    'StrictPretrained',
    'checked_checkpoints',
    'load_checkpoint',
    'load_strictly',
    'read_checkpoint',
]
