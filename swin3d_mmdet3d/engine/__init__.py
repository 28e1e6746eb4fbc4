"""What the runner is given beside a model and data: hooks and files of checkpoints."""

from . import hooks

__all__ = ['hooks']
