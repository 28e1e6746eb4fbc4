"""Which config and weights an inferencer takes: those that are named, or of a model in the package."""

from __future__ import annotations

import os

from mmengine.config import Config

from ..shipped_models import SHIPPED_MODELS


def trained_model(
    config: str | os.PathLike | Config | None, checkpoint: str | os.PathLike | None
) -> tuple[str | os.PathLike | Config, str | os.PathLike]:
    """The config and the checkpoint of a model.

    Args:
        config: A config, its file or name; without a checkpoint, a name of `SHIPPED_MODELS`, or None for
            'seg'.
        checkpoint: Checkpoint file.

    Raises:
        ValueError: If one is given without the other.
    """
    if checkpoint is None:
        asked = 'seg' if config is None else config
        if isinstance(asked, str) and asked in SHIPPED_MODELS:
            shipped = SHIPPED_MODELS[asked]
            return shipped.config, shipped.checkpoint
        raise ValueError(
            f'checkpoint: expected the file of trained weights of {_told(config)}, got none; train it, name '
            'the file, such as the demo_output/model.pth of `make demo`, or take one that travels with the '
            f'package: {", ".join(SHIPPED_MODELS)}'
        )
    if config is None:
        raise ValueError(f'config: expected the config of {os.fspath(checkpoint)}, got none')
    return config, checkpoint


def _told(config: str | os.PathLike | Config) -> str:
    return str(config.filename or 'the config') if isinstance(config, Config) else os.fspath(config)
