"""Loading of local checkpoint files under every supported version of torch.

From torch 2.6 on ``torch.load`` refuses by default whatever is not a plain tensor, and mmengine's
checkpoints hold its own history buffers: neither resume nor test would work. This loader, registered when
the package is imported, first tries the safe way.
"""

from __future__ import annotations

import os
import pickle
import zipfile
from typing import Any, Optional, Union

import torch
from mmengine.logging import print_log
from mmengine.runner.checkpoint import CheckpointLoader

DAMAGE = (RuntimeError, EOFError, KeyError, IndexError, ValueError)
"""What torch raises on bytes that are no checkpoint."""


@CheckpointLoader.register_scheme(prefixes='', force=True)
def load_from_local_file(
    filename: str, map_location: Optional[Union[str, torch.device]] = None
) -> dict[str, Any]:
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


def checkpoint_damage(path: Union[str, os.PathLike]) -> Optional[str]:
    """What is wrong with a checkpoint file, or None where every byte is as it was written.

    torch itself does not compare the checksums of what it reads.

    Args:
        path: The file.
    """
    try:
        if not zipfile.is_zipfile(path):  # cut short, or of torch before 1.6
            load_from_local_file(str(path), 'cpu')
            return None
        with zipfile.ZipFile(path) as archive:
            bad = archive.testzip()
    except (OSError, ValueError, zipfile.BadZipFile) as error:
        return str(error)
    return None if bad is None else f'{bad} in it has another checksum than when it was written'


def _check_format(path: str) -> None:
    """torch writes zip archives, and wrote bare pickles before 1.6; anything else is no checkpoint."""
    with open(path, 'rb') as file:
        start = file.read(4)
    if not start.startswith((b'PK', b'\x80')):
        raise ValueError(f'checkpoint {path} is damaged or no checkpoint: it starts with {start!r}')
