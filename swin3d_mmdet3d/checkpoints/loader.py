"""Loading of local checkpoint files under every supported version of torch.

From torch 2.6 on ``torch.load`` refuses by default whatever is not a plain tensor, and mmengine's
checkpoints hold its own history buffers: neither resume nor test would work. This loader, registered when
the package is imported, first tries the safe way.
"""

from __future__ import annotations

import os
import pickle
from collections.abc import Mapping
from typing import Any

import torch
from mmengine.logging import print_log
from mmengine.runner.checkpoint import CheckpointLoader
from torch import Tensor

from ..finite_values import first_names

DAMAGE = (RuntimeError, EOFError, KeyError, IndexError, ValueError)
"""What torch raises on bytes that are no checkpoint."""
WEIGHT_KEYS = ('state_dict', 'model')
WRAPPER = 'module.'


@CheckpointLoader.register_scheme(prefixes='', force=True)
def load_from_local_file(filename: str, map_location: str | torch.device | None = None) -> dict[str, Any]:
    """Load a checkpoint file, as tensors alone where it holds nothing else.

    A file that holds Python objects is read by pickle, which runs code that the file names: load only
    checkpoints that you trust.

    Args:
        filename: Path of the file.
        map_location: Where the tensors go, as in ``torch.load``.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If the file is no checkpoint or is damaged.
    """
    path = os.path.expanduser(filename)
    if not os.path.isfile(path):
        raise FileNotFoundError(f'checkpoint {filename} is not a file')
    _check_format(path)
    try:
        return torch.load(path, map_location=map_location, weights_only=True)
    except pickle.UnpicklingError:
        print_log(
            f'{filename} holds Python objects beside its tensors and is read by pickle; trust its origin.',
            logger='current',
        )
    except DAMAGE as error:
        raise ValueError(f'checkpoint {filename} is damaged or no checkpoint: {error!r}') from error
    try:
        return torch.load(path, map_location=map_location, weights_only=False)
    except (pickle.UnpicklingError, *DAMAGE) as error:
        raise ValueError(f'checkpoint {filename} is damaged or no checkpoint: {error!r}') from error


def read_checkpoint(path: str | os.PathLike) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Weights and meta of a checkpoint file.

    Args:
        path: File, local or at any address that mmengine reads; weights under 'state_dict', 'model' (as in
            files of the original) or at the top.

    Returns:
        The weights, without the 'module.' of a wrapper around the whole model, and what 'meta' holds.

    Raises:
        ValueError: If there is no such file or it holds no weights.
    """
    try:
        content = CheckpointLoader.load_checkpoint(str(path), map_location='cpu')
    except FileNotFoundError as error:
        raise ValueError(f'checkpoint {path}: no such file') from error
    if not isinstance(content, Mapping):
        raise ValueError(f'checkpoint {path}: expected a dict, got {type(content).__name__}')
    return checkpoint_weights(content, str(path)), content.get('meta', {})


def checkpoint_weights(content: Mapping[str, Any], source: str) -> dict[str, Tensor]:
    """The weights in the content of a checkpoint, as those of :func:`read_checkpoint`.

    Raises:
        ValueError: Naming ``source``, if there are none.
    """
    state = next((content[key] for key in WEIGHT_KEYS if isinstance(content.get(key), Mapping)), content)
    weights = {name: value for name, value in state.items() if isinstance(value, Tensor)}
    if not weights:
        raise ValueError(
            f'checkpoint {source}: it holds no weights, only {first_names([*map(str, content)])}'
        )
    if all(name.startswith(WRAPPER) for name in weights):
        return {name[len(WRAPPER) :]: value for name, value in weights.items()}
    return weights


def _check_format(path: str) -> None:
    """torch writes zip archives, and wrote bare pickles before 1.6; anything else is no checkpoint."""
    with open(path, 'rb') as file:
        start = file.read(4)
    if not start.startswith((b'PK', b'\x80')):
        raise ValueError(f'checkpoint {path} is damaged or no checkpoint: it starts with {start!r}')
