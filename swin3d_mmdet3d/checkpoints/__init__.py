"""Checkpoint files: read under every torch, loaded whole or refused, and those of the original Swin3D."""

from .loader import load_from_local_file, read_checkpoint
from .strict_loading import StrictPretrained, load_strictly

__all__ = ['StrictPretrained', 'load_from_local_file', 'load_strictly', 'read_checkpoint']
