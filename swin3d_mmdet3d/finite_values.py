"""NaN and infinity in weights and outputs, found and named."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

_NAMED = 6
_BOUNDED = (torch.float32, torch.float64)


def is_finite(tensor: Tensor) -> bool:
    """Whether a tensor holds neither NaN nor infinity; integers and meta tensors never do."""
    if tensor.is_meta or not (tensor.is_floating_point() or tensor.is_complex()):
        return True
    if tensor.dtype in _BOUNDED and tensor.layout == torch.strided and tensor.numel():
        # the bounds are NaN where a value is; unlike isfinite this takes no copy of large logits
        return all(bool(torch.isfinite(bound)) for bound in tensor.detach().aminmax())
    return bool(torch.isfinite(tensor.detach()).all())


def non_finite_names(tensors: Mapping[str, Any]) -> list[str]:
    """The names of those tensors that hold NaN or infinity; what is no tensor is passed over."""
    return [name for name, value in tensors.items() if isinstance(value, Tensor) and not is_finite(value)]


def first_names(names: Sequence[str]) -> str:
    """The first few of many names, and how many more there are."""
    more = f', and {len(names) - _NAMED} more' if len(names) > _NAMED else ''
    return ', '.join(names[:_NAMED]) + more


def check_finite_weights(state: Mapping[str, Any], source: str) -> None:
    """Refuse weights, and statistics of norms, that are NaN or infinite.

    Args:
        state: A state dict.
        source: Where the weights come from, for the message.

    Raises:
        ValueError: Naming the first few of them.
    """
    names = non_finite_names(state)
    if names:
        count = f'{len(names)} of {len(state)} tensors'
        raise ValueError(f'{source}: {first_names(names)} has NaN or infinite values ({count})')


def check_finite_outputs(outputs: Any, samples: Sequence[Any]) -> None:
    """Refuse outputs of a network that are NaN or infinite: as labels and scores they would look sound.

    Args:
        outputs: Tensors, in any nest of lists, tuples, dicts and dataclasses.
        samples: The data samples of the scans that they are of.

    Raises:
        ValueError: Naming the scans.
    """
    bad = [tensor for tensor in float_tensors(outputs) if not is_finite(tensor)]
    if bad:
        lost = sum(int((~torch.isfinite(tensor)).sum()) for tensor in bad)
        total = sum(tensor.numel() for tensor in bad)
        scans = ' or '.join(sample_names(samples)) or 'a scan without a name'
        raise ValueError(f'{lost} of {total} outputs of the network are NaN or infinite in {scans}')


def float_tensors(value: Any) -> Iterator[Tensor]:
    """The floating-point tensors in any nest of lists, tuples, dicts and dataclasses."""
    if isinstance(value, Tensor):
        if value.is_floating_point():
            yield value
    elif isinstance(value, Mapping):
        for part in value.values():
            yield from float_tensors(part)
    elif isinstance(value, (list, tuple)):
        for part in value:
            yield from float_tensors(part)
    elif dataclasses.is_dataclass(value) and not isinstance(value, type):
        for field in dataclasses.fields(value):
            yield from float_tensors(getattr(value, field.name))


def sample_names(samples: Sequence[Any]) -> list[str]:
    """What the scans of a batch are called: their file, scene or number, else their place in the batch."""
    names = []
    for place, sample in enumerate(samples):
        metainfo = getattr(sample, 'metainfo', {})
        known = [metainfo.get(key) for key in ('lidar_path', 'scene', 'sample_idx')]
        known = [str(name) for name in known if name is not None]
        names.append(known[0] if known else f'scan {place}')
    return names
