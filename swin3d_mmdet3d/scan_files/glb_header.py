"""GLB headers: what a binary glTF promises, checked before a library sets memory aside for it."""

from __future__ import annotations

import json
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ..json_text import parse_json

_JSON, _BIN = 0x4E4F534A, 0x004E4942
_FLOAT = 5126
_BYTES = {5120: 1, 5121: 1, 5122: 2, 5123: 2, 5125: 4, 5126: 4}
_NUMBERS = {'SCALAR': 1, 'VEC2': 2, 'VEC3': 3, 'VEC4': 4, 'MAT2': 4, 'MAT3': 9, 'MAT4': 16}
# These change how a surface looks, not where it is.
_HARMLESS = ('KHR_materials_', 'KHR_lights_', 'KHR_texture_transform', 'EXT_texture_webp', 'KHR_xmp')


@dataclass(frozen=True)
class Glb:
    """A GLB file: its description, and the bytes that it describes."""

    content: dict
    binary: bytes

    def to_bytes(self) -> bytes:
        """The file."""
        text = json.dumps(self.content).encode('utf-8')
        text += b' ' * (-len(text) % 4)
        binary = self.binary + b'\0' * (-len(self.binary) % 4)
        head = struct.pack('<4sIIII', b'glTF', 2, 28 + len(text) + len(binary), len(text), _JSON)
        return head + text + struct.pack('<II', len(binary), _BIN) + binary


def read_glb(path: Path) -> Glb:
    """A GLB file whose chunks, extensions and accessors have been checked.

    Raises:
        ValueError: It is no whole GLB of version 2, holds its data elsewhere, promises more values than it
            has, or needs an extension that cannot be read.

    Source: Khronos, glTF 2.0 Specification, sections 3.6 (binary data) and 4 (GLB).
    """
    glb = _chunks(path.read_bytes())
    required = glb.content.get('extensionsRequired', [])
    strange = [name for name in required if not str(name).startswith(_HARMLESS)]
    if strange:
        raise ValueError(
            f'GLB: cannot read the extensions {", ".join(map(str, strange))}; export without them'
        )
    try:
        _check_buffers(glb.content, len(glb.binary))
        _check_attributes(glb.content)
    except (KeyError, TypeError, IndexError, AttributeError) as error:
        raise ValueError(f'not a whole GLB file: {error!r} in its description') from error
    return glb


def attributes(content: dict, name: str) -> Iterator[dict]:
    """Accessors of an attribute of all primitives."""
    for mesh in content.get('meshes', []):
        for primitive in mesh['primitives']:
            if name in primitive['attributes']:
                yield content['accessors'][primitive['attributes'][name]]


def _check_attributes(content: dict) -> None:
    """Raise ValueError unless positions are float32, as they are without an extension."""
    for accessor in attributes(content, 'POSITION'):
        if accessor['componentType'] != _FLOAT or accessor['type'] != 'VEC3':
            raise ValueError(
                f'GLB: expected positions of three float32 numbers, got {accessor["componentType"]}'
            )


def _chunks(raw: bytes) -> Glb:
    """The description, and the binary chunk."""
    if len(raw) < 20 or raw[:4] != b'glTF':
        raise ValueError('not a whole GLB file: it does not begin with glTF')
    version, length, size, kind = struct.unpack_from('<IIII', raw, 4)
    if version != 2:
        raise ValueError(f'GLB: expected version 2, got {version}')
    if length != len(raw) or kind != _JSON or 20 + size > length:
        raise ValueError(f'not a whole GLB file: the header promises {length} bytes, the file has {len(raw)}')
    try:
        content = parse_json(raw[20 : 20 + size].decode('utf-8'))
    except ValueError as error:
        raise ValueError(f'not a whole GLB file: its description is no JSON: {error}') from error
    if not isinstance(content, dict):
        raise ValueError('not a whole GLB file: its description is no object')
    if 28 + size > length:
        return Glb(content, b'')
    binary, kind = struct.unpack_from('<II', raw, 20 + size)
    if kind != _BIN or 28 + size + binary > length:
        raise ValueError('not a whole GLB file: its binary chunk is longer than the file')
    return Glb(content, raw[28 + size : 28 + size + binary])


def _check_buffers(content: dict, binary: int) -> None:
    """Raise ValueError unless the values of all accessors lie in the binary chunk."""
    buffers, views = content.get('buffers', []), content.get('bufferViews', [])
    if len(buffers) > 1 or any('uri' in buffer for buffer in buffers):
        raise ValueError('GLB: expected its data in the file itself, they lie elsewhere')
    for view in views:
        if not 0 <= view.get('byteOffset', 0) <= binary - view['byteLength'] or view['byteLength'] < 0:
            raise ValueError(f'not a whole GLB file: a view promises bytes that its {binary} have not')
    for number, accessor in enumerate(content.get('accessors', [])):
        if 'sparse' in accessor or 'bufferView' not in accessor:
            raise ValueError(f'GLB: cannot read accessor {number}, which has no values or sparse ones')
        view = views[accessor['bufferView']]
        row = _BYTES[accessor['componentType']] * _NUMBERS[accessor['type']]
        count, step = accessor['count'], view.get('byteStride', row)
        if not isinstance(count, int) or count < 1 or not isinstance(step, int) or step < row:
            raise ValueError(f'not a whole GLB file: accessor {number} has {count!r} rows of {step!r} bytes')
        if accessor.get('byteOffset', 0) < 0 or (
            accessor.get('byteOffset', 0) + (count - 1) * step + row > view['byteLength']
        ):
            raise ValueError(
                f'not a whole GLB file: accessor {number} promises {count} rows, its view has less'
            )
