"""What a checkpoint holds beside its weights, as plain types, which torch reads without running any code.

mmengine's message hub has history buffers, some schedulers have functions among their settings, and metrics
and data sets give NumPy numbers and arrays.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from mmengine.logging import HistoryBuffer
from torch import Tensor

_HUB, _SCALARS, _KEPT = 'message_hub', 'log_scalars', 'keep_ckpt_ids'
_LOG, _COUNT, _LONGEST = 'log_history', 'count_history', 'max_length'
_PLAIN = (type(None), bool, int, float, complex, str, bytes, bytearray, torch.Size, torch.dtype, torch.device)
_LEFT_OUT = object()


def make_plain(checkpoint: dict[str, Any]) -> list[str]:
    """Replace what is no plain type in a checkpoint, in place; :func:`restore` undoes it.

    Histories become dicts of their numbers, NumPy numbers Python's, arrays of numbers tensors, other arrays
    lists. What else there is, such as a function, is left out: who resumes has it from the config.

    Returns:
        What was left out, by its place.
    """
    left_out: list[str] = []
    plain = _plain(checkpoint, 'checkpoint', left_out)
    checkpoint.clear()
    checkpoint.update(plain)
    return left_out


def restore(checkpoint: dict[str, Any]) -> None:
    """Make histories of the message hub, and arrays of the data set's meta, of their numbers, in place.

    Raises:
        ValueError: Naming the scalar of the hub, if it has no numbers; if the steps of checkpoints to keep,
            of which files are removed, are no numbers.
    """
    hub = checkpoint.get(_HUB)
    scalars = hub.get(_SCALARS) if isinstance(hub, dict) else None
    told = hub.get('runtime_info') if isinstance(hub, dict) else None
    steps = told.get(_KEPT, []) if isinstance(told, dict) else []
    if not isinstance(steps, list) or not all(type(step) is int for step in steps):
        raise ValueError(f'{_KEPT} of the {_HUB} must be a list of steps, got {steps}')
    for name, numbers in (scalars or {}).items():
        if isinstance(numbers, dict):
            try:
                log, count = (numbers[part].cpu().numpy() for part in (_LOG, _COUNT))
                scalars[name] = HistoryBuffer(log, count, numbers[_LONGEST])
            except (KeyError, AttributeError, TypeError, AssertionError) as error:
                raise ValueError(f'scalar {name} of the {_HUB} must be a history, got {numbers}') from error
    meta = checkpoint.get('meta')
    stated = meta.get('dataset_meta') if isinstance(meta, dict) else None
    for key, value in (stated if isinstance(stated, dict) else {}).items():
        if isinstance(value, Tensor):
            stated[key] = value.cpu().numpy()


def _plain(value: Any, place: str, left_out: list[str]) -> Any:
    """A plain value, itself where it is one, or ``_LEFT_OUT``."""
    if isinstance(value, Tensor) or type(value) in _PLAIN:
        return value
    if isinstance(value, HistoryBuffer):
        log, count = value.data
        return {_LOG: _numbers(log), _COUNT: _numbers(count), _LONGEST: int(value.max_length)}
    if isinstance(value, np.generic):
        return _plain(value.item(), place, left_out)
    if isinstance(value, np.ndarray):
        return _numbers(value) if value.dtype.kind in 'biuf' else _plain(value.tolist(), place, left_out)
    if isinstance(value, Mapping):
        return _plain_mapping(value, place, left_out)
    for kind in (list, tuple, set, frozenset):
        if isinstance(value, kind):
            parts = [_plain(part, f'{place}[{row}]', left_out) for row, part in enumerate(value)]
            kept = (part for part in parts if part is not _LEFT_OUT)
            return (set if kind is frozenset else kind)(kept)  # torch has no frozen ones
    for kind in (int, float, str):  # classes of their own, such as those of an enumeration
        if isinstance(value, kind):
            return kind(value)
    left_out.append(f'{place} ({type(value).__name__})')
    return _LEFT_OUT


def _plain_mapping(value: Mapping, place: str, left_out: list[str]) -> Mapping:
    parts = {
        _plain(key, f'a key of {place}', left_out): _plain(part, f'{place}.{key}', left_out)
        for key, part in value.items()
    }
    is_plain = type(value) in (dict, OrderedDict)
    if is_plain and all(key is own and parts[key] is value[own] for key, own in zip(parts, value)):
        return value  # a state dict has attributes, too
    kind = OrderedDict if isinstance(value, OrderedDict) else dict
    return kind((k, part) for k, part in parts.items() if k is not _LEFT_OUT and part is not _LEFT_OUT)


def _numbers(array: np.ndarray) -> Tensor:
    kind, size = array.dtype.kind, array.dtype.itemsize
    if kind == 'u' and size > 1:
        array = array.astype(np.int64)
    elif kind == 'f' and size > 8:
        array = array.astype(np.float64)
    return torch.from_numpy(np.array(array, dtype=array.dtype.newbyteorder('=')))
