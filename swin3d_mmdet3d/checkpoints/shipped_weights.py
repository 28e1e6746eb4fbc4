"""Trained weights that travel with the package, by their names: ``swin3d_mmdet3d::NAME``."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from pathlib import Path

from torch import Tensor

from ..shipped_models import PREFIX
from .safetensors_file import SAFETENSORS

_FOLDER = Path(__file__).parent / 'trained_weights'


def shipped_weights(name: str) -> Path:
    """The file of weights that travel with the package.

    Args:
        name: Such as ``swin3d_mmdet3d::ppt_swin3d-tiny_rooms-5cm``; the prefix may be left out.

    Raises:
        ValueError: If there are none of that name; those there are are told.
    """
    stem = name[len(PREFIX) :] if name.startswith(PREFIX) else name
    known = sorted(path.stem for path in _FOLDER.glob(f'*{SAFETENSORS}'))
    if stem not in known:
        meant = difflib.get_close_matches(stem, known, n=1)
        cure = f'did you mean {meant[0]}?' if meant else f'there are {", ".join(known)}'
        raise ValueError(f'checkpoint {name}: no weights of this name travel with the package; {cure}')
    return _FOLDER / f'{stem}{SAFETENSORS}'


def check_checkpoint(address: str, cure: str = '') -> None:
    """Look for a checkpoint before anything is built; what lies at an address of the web is not asked for.

    Args:
        address: A file, an address, or a name of weights that travel with the package.
        cure: What the message ends with.

    Raises:
        ValueError: If there is no such file, or no weights of such a name.
    """
    if address.startswith(PREFIX):
        shipped_weights(address)
    elif '://' not in address and not Path(address).expanduser().is_file():
        raise ValueError(f'checkpoint {address}: no such file{cure}')


def weights_under_condition(weights: Mapping[str, Tensor], condition: str) -> dict[str, Tensor]:
    """Weights of the plain network that a network with a norm per condition is under one of them.

    Args:
        weights: State dict of a network, or of a part, whose norms are ``PromptNorm`` without modulation.
        condition: Such as 'S3DIS'.

    Raises:
        ValueError: If no norm has this condition, or norms depend on an embedding too.
    """
    if any('.modulation.' in name for name in weights):
        raise ValueError(
            'condition: the norms depend on an embedding too; take the file that training exports for it'
        )
    own = f'.norms.{condition}.'
    if not any(own in name for name in weights):
        raise ValueError(f'condition must be one that the norms have, got {condition!r}')
    return {name.replace(own, '.'): w for name, w in weights.items() if own in name or '.norms.' not in name}
