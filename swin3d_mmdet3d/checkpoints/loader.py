"""Checkpoint files are read as tensors and plain types; what may run code is refused unless it is trusted.

mmengine's checkpoints hold its history buffers, which torch refuses by default from 2.6 on: they are rebuilt
here of their numbers.
"""

from __future__ import annotations

import functools
import os
import pickle
import re
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import urlsplit

import torch
from mmengine.fileio import get_file_backend
from mmengine.logging import HistoryBuffer
from mmengine.runner.checkpoint import CheckpointLoader
from mmengine.utils import digit_version
from torch import Tensor

from ..finite_values import first_names
from ..pickle_trust import TRUST_OPTION, TRUST_VARIABLE, trusts_pickle
from ..plain_pickle import PLAIN_GLOBALS, PickledArray, StandIn, settled
from ..shipped_models import PREFIX
from .archive import archive_damage, is_archive
from .safetensors_file import SAFETENSORS, read_safetensors
from .shipped_weights import shipped_weights

WEIGHT_KEYS = ('state_dict', 'model')
WRAPPER = 'module.'
ADDRESSES = ('', 'http://', 'https://')
"""What addresses begin with for which :func:`checked_checkpoints` stands in for mmengine's loaders."""
_BUFFER = 'mmengine.logging.history_buffer.HistoryBuffer'
_STATISTICS = ('min', 'max', 'mean', 'current')
_FIRST_WITH_STAND_INS = digit_version('2.6')
_REFUSED_NAME = re.compile(r'GLOBAL (\S+)')
# torch's advice before and after what is wrong, which is to load the file by pickle
_ADVICE = re.compile(
    r'Weights only load failed.*?(?:WeightsUnpickler error: |\n\n)|\n\nCheck the documentation.*', re.DOTALL
)


class CheckpointError(ValueError):
    """A checkpoint that is damaged, or may run code and is not trusted; the message names it."""


class _PickledBuffer(StandIn):
    """Stands for a ``HistoryBuffer``."""

    def __setstate__(self, state: dict) -> None:
        self._state = state

    def value(self) -> HistoryBuffer:
        """A buffer of the same numbers."""
        log, count = (self._state[name] for name in ('_log_history', '_count_history'))
        if not isinstance(log, PickledArray) or not isinstance(count, PickledArray):
            raise pickle.UnpicklingError('a history buffer has no arrays of numbers')
        log, count, longest = log.value(), count.value(), self._state['max_length']
        numbers = log.dtype.kind in 'biuf' and count.dtype.kind in 'biuf'
        if log.ndim != 1 or log.shape != count.shape or not numbers or not 0 < longest < 1 << 40:
            raise pickle.UnpicklingError('a history buffer has no rows of numbers')
        return HistoryBuffer(log, count, longest)


def _statistic(owner: Any, name: str) -> None:
    """What a buffer's pickle looks up by ``getattr``: its statistics, which every buffer has, and no more."""
    if owner is not _PickledBuffer or name not in _STATISTICS:
        raise pickle.UnpicklingError('GLOBAL builtins.getattr of anything but a history buffer is not plain')


def load_checkpoint(address: str | os.PathLike, map_location: str | torch.device | None = None) -> Any:
    """The content of a checkpoint: of tensors, plain types, NumPy arrays and mmengine's history buffers.

    Args:
        address: File, local or at an address that ``mmengine.fileio`` reads: a zip archive as torch writes
            it, a bare pickle as torch wrote it before 1.6, or safetensors (``.safetensors``), whose metadata
            become ``meta``. ``swin3d_mmdet3d::NAME`` names weights that travel with the package.
        map_location: Where the tensors go, as in ``torch.load``.

    Raises:
        FileNotFoundError: If there is no such file.
        CheckpointError: Naming it, if it is damaged, no checkpoint, or holds anything else and is not trusted
            (:func:`trusts_pickle`).
        ValueError: If no weights of this name travel with the package.
    """
    address = os.fspath(address)
    if address.startswith(PREFIX):
        path = shipped_weights(address)
        return _load(path, str(path), map_location)
    if '://' in address:
        with _downloaded(address) as path:
            return _load(Path(path), address, map_location)
    return _load(Path(address).expanduser(), address, map_location)


def forget_code(content: Any) -> None:
    """Drop from the content of a checkpoint the text that mmengine's runner would execute when it resumes.

    It is the config under ``meta['config']``, where mmcv left it; mmengine's own is ``meta['cfg']``.
    """
    meta = content.get('meta') if isinstance(content, dict) else None
    if isinstance(meta, dict):
        meta.pop('config', None)


CheckpointLoader.register_scheme(prefixes=PREFIX, loader=load_checkpoint, force=True)


@contextmanager
def checked_checkpoints() -> Iterator[None]:
    """For a while, let mmengine's runner and ``Pretrained`` read local files and the web by this loader.

    Commands do so; importing the package adds the names of its own weights, and leaves the loaders of others
    alone.
    """
    before = CheckpointLoader._schemes.copy()
    CheckpointLoader.register_scheme(prefixes=ADDRESSES, loader=load_checkpoint, force=True)
    try:
        yield
    finally:
        CheckpointLoader._schemes = before


def read_checkpoint(path: str | os.PathLike) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Weights and meta of a checkpoint file.

    Args:
        path: As of :func:`load_checkpoint`; weights under 'state_dict', 'model' (as in files of the original)
            or at the top.

    Returns:
        The weights, without the 'module.' of a wrapper around the whole model, and what 'meta' holds.

    Raises:
        ValueError: As :func:`load_checkpoint`; if there is no such file, or it holds no weights.
    """
    try:
        content = load_checkpoint(path, map_location='cpu')
    except FileNotFoundError as error:
        raise ValueError(f'checkpoint {path}: no such file') from error
    weights = checkpoint_weights(content, str(path))
    meta = content.get('meta')
    if meta is not None and not isinstance(meta, Mapping):
        raise ValueError(f'checkpoint {path}: meta must be a dict, got {type(meta).__name__}')
    return weights, dict(meta or {})


def checkpoint_weights(content: Any, source: str) -> dict[str, Tensor]:
    """The weights in the content of a checkpoint, as those of :func:`read_checkpoint`.

    Raises:
        ValueError: Naming ``source``, if there are none, or one of them is no plain tensor.
    """
    if not isinstance(content, Mapping):
        raise ValueError(f'checkpoint {source}: expected a dict, got {type(content).__name__}')
    state = next((content[key] for key in WEIGHT_KEYS if isinstance(content.get(key), Mapping)), content)
    weights = {name: value for name, value in state.items() if isinstance(value, Tensor)}
    if not weights:
        raise ValueError(
            f'checkpoint {source}: it holds no weights, only {first_names([*map(str, content)])}'
        )
    strange = [name for name in weights if not isinstance(name, str)]
    if strange:
        raise ValueError(f'checkpoint {source}: names of weights must be texts, got {strange[0]!r}')
    if all(name.startswith(WRAPPER) for name in weights):
        return {name[len(WRAPPER) :]: value for name, value in weights.items()}
    return weights


@contextmanager
def _downloaded(address: str) -> Iterator[str]:
    scheme = address.partition('://')[0]
    try:
        backend = get_file_backend(address)
    except (AssertionError, ImportError, KeyError, TypeError, ValueError) as error:
        raise CheckpointError(f'checkpoint {address}: no storage {scheme!r} is known: {error}') from error
    with backend.get_local_path(address) as path:
        yield path


def _load(path: Path, address: str, map_location: str | torch.device | None) -> Any:
    if not path.is_file():
        raise FileNotFoundError(f'checkpoint {address} is not a file')
    is_sound = False  # every byte is as it was written
    try:
        if PurePosixPath(urlsplit(address).path).suffix == SAFETENSORS:
            return read_safetensors(path, map_location)
        is_sound = _check_format(path)
        if trusts_pickle():
            return torch.load(path, map_location=map_location, weights_only=False)
        content = _load_plain(path, map_location)
        forget_code(content)
        return content
    except OSError as error:
        if error.errno is not None:
            raise
        reason = error
    except torch.cuda.OutOfMemoryError:
        raise
    except Exception as error:  # whatever torch and the pickles meet in damaged bytes
        reason = error
    raise _refusal(reason, address, is_sound) from reason


def _refusal(reason: Exception, address: str, is_sound: bool) -> CheckpointError:
    """Why a file is not read: for what it names, or for what is wrong with its bytes."""
    told = [part for part in _ADVICE.split(str(reason)) if part.strip()][-1:]
    text = ' '.join(' '.join(told).split())[:300] or type(reason).__name__
    name = _REFUSED_NAME.search(text)
    if isinstance(reason, pickle.UnpicklingError) and (name or is_sound):
        what = f'names {name[1]}' if name else f'holds what is not plain ({text})'
        return CheckpointError(
            f'checkpoint {address} {what}, and what is neither tensor nor plain type may run code: only '
            f'{TRUST_OPTION} or {TRUST_VARIABLE}=1 reads it, if you trust its origin'
        )
    return CheckpointError(f'checkpoint {address} is damaged or no checkpoint: {text}')


def _check_format(path: Path) -> bool:
    """Whether a file has checksums, which are right.

    torch writes zip archives, and wrote bare pickles before 1.6; anything else is no checkpoint.
    """
    if is_archive(path):
        damage = archive_damage(path)
        if damage is not None:
            raise ValueError(damage)
        return True
    with open(path, 'rb') as file:
        start = file.read(4)
    if not start.startswith(b'\x80'):
        raise ValueError(f'it starts with {start!r}')
    return False


def _load_plain(path: Path, map_location: str | torch.device | None) -> Any:
    with _stand_ins(), warnings.catch_warnings():
        warnings.simplefilter('ignore')  # of protocols and archives, that are refused where it matters
        content = torch.load(path, map_location=map_location, weights_only=True)
    return settled(content, functools.partial(_is_tensor, path.stat().st_size))


@contextmanager
def _stand_ins() -> Iterator[None]:
    """What torch takes besides its own, from 2.6 on."""
    if digit_version(torch.__version__) < _FIRST_WITH_STAND_INS:
        yield
        return
    names = {**PLAIN_GLOBALS, _BUFFER: _PickledBuffer, 'builtins.getattr': _statistic}
    with torch.serialization.safe_globals([(stand_in, name) for name, stand_in in names.items()]):
        yield


def _is_tensor(size: int, value: Any) -> bool:
    """Whether a value is a tensor that a file of this size can hold, or describes one."""
    if not isinstance(value, Tensor):
        return isinstance(value, (torch.Size, torch.device, torch.dtype))
    if value.layout is not torch.strided or value.is_quantized or value.is_nested:
        raise ValueError(f'it holds a tensor that is not dense ({value.layout})')
    if not value.is_meta and value.numel() * value.element_size() > size:
        raise ValueError(f'it holds a tensor of shape {tuple(value.shape)}, more than its {size} bytes')
    return True
