"""Files of weights for others: torch's archives or safetensors, as their ending says."""

from __future__ import annotations

import io
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from ..atomic_write import atomic_write
from .safetensors_file import SAFETENSORS, safetensors_bytes


def checkpoint_bytes(content: Mapping[str, Any], ending: str) -> bytes:
    """The file of a checkpoint.

    Args:
        content: ``state_dict`` and ``meta``, the latter of JSON types for safetensors.
        ending: '.safetensors' for that format; any other for torch's.

    Raises:
        ValueError: If the format has no such weights or meta.
    """
    if ending == SAFETENSORS:
        return safetensors_bytes(content['state_dict'], content.get('meta'))
    file = io.BytesIO()
    torch.save(dict(content), file)
    return file.getvalue()


def write_checkpoint(path: str | os.PathLike, content: Mapping[str, Any]) -> None:
    """Write what :func:`checkpoint_bytes` gives for the ending of a path, whole or not at all.

    Raises:
        ValueError: As :func:`checkpoint_bytes`.
        OSError: If the file cannot be written.
    """
    data = checkpoint_bytes(content, Path(path).suffix)
    with atomic_write(path) as part:
        part.write_bytes(data)
