"""Files in the safetensors format: weights and texts alone, nothing that could run.

Source: github.com/huggingface/safetensors, README, "Format".
"""

from __future__ import annotations

import json
import os
import struct
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

SAFETENSORS = '.safetensors'
MAX_HEADER_BYTES = 100_000_000
DTYPES = {
    'BOOL': torch.bool,
    'U8': torch.uint8,
    'I8': torch.int8,
    'I16': torch.int16,
    'I32': torch.int32,
    'I64': torch.int64,
    'F16': torch.float16,
    'BF16': torch.bfloat16,
    'F32': torch.float32,
    'F64': torch.float64,
}
_NAMES = {dtype: name for name, dtype in DTYPES.items()}
_METADATA = '__metadata__'
_META = 'meta'
_ALIGNMENT = 8


def read_safetensors(
    path: str | os.PathLike, map_location: str | torch.device | None = None
) -> dict[str, Any]:
    """The content of a file as that of a checkpoint: ``state_dict``, and ``meta``.

    Args:
        path: The file. The text ``meta`` of its metadata, if there is one, is the JSON of ``meta``; else
            ``meta`` is the metadata.
        map_location: Device of the tensors; the CPU by default.

    Raises:
        ValueError: Saying what is wrong, but not in which file, if it is damaged.
    """
    data = bytearray(Path(path).read_bytes())
    header, start = _header(data)
    metadata = header.pop(_METADATA, {})
    if not isinstance(metadata, dict) or not all(isinstance(text, str) for text in metadata.values()):
        raise ValueError(f'{_METADATA} must hold texts')
    spans = sorted(
        ((name, *_entry(name, entry)) for name, entry in header.items()), key=lambda span: span[3:]
    )
    weights, end = {}, start
    for name, dtype, shape, first, last in spans:
        if start + first != end:
            raise ValueError(f'the bytes of {name} must begin where those before end')
        end = start + last
        if end > len(data):
            raise ValueError(f'truncated: {name} ends at byte {end}, the file at {len(data)}')
        weights[name] = _tensor(data[start + first : end], dtype, shape, name).to(map_location or 'cpu')
    if end != len(data):
        raise ValueError(f'{len(data) - end} bytes belong to no tensor')
    return dict(state_dict={name: weights[name] for name in header}, meta=_meta(metadata))


def safetensors_bytes(weights: Mapping[str, Tensor], meta: Mapping[str, Any] | None = None) -> bytes:
    """The file of weights and JSON types.

    Args:
        weights: Name -> tensor; those that share memory are written each by itself.
        meta: What :func:`read_safetensors` gives back under ``meta``, of JSON types.

    Raises:
        ValueError: Naming a weight whose type the format does not have, or if ``meta`` is no JSON.
    """
    header: dict[str, Any] = {_METADATA: {'format': 'pt', _META: _json(dict(meta or {}))}}
    blocks, end = [], 0
    # the widest types first, so that every tensor is aligned
    for name, tensor in sorted(weights.items(), key=lambda item: (-item[1].element_size(), item[0])):
        if tensor.dtype not in _NAMES or tensor.layout is not torch.strided:
            raise ValueError(f'{name} is {tensor.dtype} {tensor.layout}, which safetensors does not have')
        flat = tensor.detach().cpu().contiguous().reshape(-1)
        # an empty tensor may have strides that no view of bytes can have
        block = flat.view(torch.uint8).numpy().tobytes() if len(flat) else b''
        begin, end = end, end + len(block)
        header[name] = dict(dtype=_NAMES[tensor.dtype], shape=list(tensor.shape), data_offsets=[begin, end])
        blocks.append(block)
    text = json.dumps(header, separators=(',', ':')).encode()
    text += b' ' * (-len(text) % _ALIGNMENT)
    return b''.join([struct.pack('<Q', len(text)), text, *blocks])


def _header(data: bytearray) -> tuple[dict[str, Any], int]:
    """The description, and where the bytes of the tensors begin."""
    if len(data) < 8:
        raise ValueError(f'{len(data)} bytes are no safetensors file')
    (length,) = struct.unpack_from('<Q', data)
    if length > min(len(data) - 8, MAX_HEADER_BYTES):
        raise ValueError(f'its header must have {length} bytes, the file has {len(data)}')
    header = json.loads(data[8 : 8 + length].decode('utf-8'), object_pairs_hook=_without_twins)
    if not isinstance(header, dict):
        raise ValueError('its header must be a JSON object')
    return header, 8 + length


def _without_twins(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError('a name stands twice in its header')
    return found


def _entry(name: str, entry: Any) -> tuple[torch.dtype, list[int], int, int]:
    """Type, shape, first byte and the byte after the last one of a tensor."""
    fits = isinstance(entry, dict) and {'dtype', 'shape', 'data_offsets'} == entry.keys()
    shape, span = (entry['shape'], entry['data_offsets']) if fits else (None, None)
    for numbers in (shape, span):
        fits = fits and isinstance(numbers, list) and all(type(n) is int and n >= 0 for n in numbers)
    if not fits or len(span) != 2 or entry['dtype'] not in DTYPES:
        raise ValueError(f'{name} must have a known dtype, shape and data_offsets, got {str(entry)[:100]}')
    dtype, size = DTYPES[entry['dtype']], 1
    for number in shape:
        size *= number
    if span[1] - span[0] != size * dtype.itemsize:
        raise ValueError(f'{name} of shape {shape} must have {size * dtype.itemsize} bytes, got {span}')
    return dtype, shape, span[0], span[1]


def _tensor(data: bytearray, dtype: torch.dtype, shape: list[int], name: str) -> Tensor:
    if not data:
        return torch.zeros(shape, dtype=dtype)
    values = torch.frombuffer(data, dtype=torch.uint8)
    if dtype == torch.bool and values.max() > 1:
        raise ValueError(f'{name} must hold 0 and 1')
    return values.view(dtype).reshape(shape)


def _meta(metadata: dict[str, str]) -> dict[str, Any]:
    if _META not in metadata:
        return dict(metadata)
    meta = json.loads(metadata[_META])
    if not isinstance(meta, dict):
        raise ValueError(f'{_META} of {_METADATA} must be a JSON object')
    return meta


def _json(meta: dict[str, Any]) -> str:
    try:
        return json.dumps(meta, allow_nan=False)
    except (TypeError, ValueError) as error:
        raise ValueError(f'meta must be of JSON types: {error}') from error
