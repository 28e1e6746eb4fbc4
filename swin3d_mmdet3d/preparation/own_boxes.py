"""Boxes beside one's own scans: JSON, or lines of numbers with a class."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ..json_text import parse_json

CLASS_KEYS = ('class', 'label', 'name', 'category', 'classId')
CENTER_KEYS = ('center', 'centroid', 'position')
SIZE_KEYS = ('size', 'dimensions', 'dims')
YAW_KEYS = ('yaw', 'heading')
AXES = ('xyz', ('length', 'width', 'height'))


@dataclass(frozen=True)
class OwnBox:
    """One box of a scan, in the units and axes of its file.

    Attributes:
        name: Its class, or the class's id in the scans' labels.
        center: Of the box, (x, y, z).
        size: Full edge lengths along the box's own axes.
        yaw: Turn about the vertical axis in radians, counter-clockwise from above.
    """

    name: str
    center: tuple[float, float, float]
    size: tuple[float, float, float]
    yaw: float = 0.0


def read_own_boxes(path: Path) -> list[OwnBox]:
    """The boxes of a file.

    JSON: a list, or a list under `boxes` or `objects`, of entries with a class (`class`, `label`, `name` or
    `category`), a `center`, a `size` and an optional `yaw` in radians, as `predict` writes them; numbers may
    be lists or have keys x, y, z (length, width, height). Text: a line a box, `x y z dx dy dz class` or
    `x y z dx dy dz yaw class`, separated by blanks or commas; `#` begins a comment. The first three numbers
    are the centre.

    Raises:
        ValueError: Naming the file, and the entry or line, that is no box.
    """
    try:
        content = path.read_text(encoding='utf-8-sig')
    except (OSError, UnicodeDecodeError) as error:
        raise ValueError(f'boxes {path}: not a text file: {error}') from error
    return _from_json(path, content) if path.suffix == '.json' else _from_lines(path, content)


def _from_json(path: Path, content: str) -> list[OwnBox]:
    try:
        whole: Any = parse_json(content)
    except ValueError as error:
        raise ValueError(f'boxes {path}: not JSON: {error}') from error
    if isinstance(whole, dict):
        whole = next((whole[key] for key in ('boxes', 'objects') if key in whole), whole)
    if not isinstance(whole, list):
        raise ValueError(f'boxes {path}: expected a list of boxes, or one under "boxes" or "objects"')
    return [_from_entry(f'boxes {path}, entry {number}', entry) for number, entry in enumerate(whole)]


def _from_entry(place: str, entry: Any) -> OwnBox:
    if not isinstance(entry, dict):
        raise ValueError(f'{place}: expected a box with class, center and size, got {entry!r}')
    found = [_first(entry, keys) for keys in (CLASS_KEYS, CENTER_KEYS, SIZE_KEYS, YAW_KEYS)]
    if found[3] is None and entry.get('rotation') is not None:
        rotation = _three(f'{place}: rotation', entry['rotation'])
        found[3] = rotation[2]
        if rotation[0] or rotation[1]:
            raise ValueError(
                f'{place}: expected a turn about the vertical axis alone, got rotation {rotation}'
            )
    if any(part is None for part in found[:3]):
        raise ValueError(f'{place}: expected class, center and size, got the keys {sorted(map(str, entry))}')
    return _checked(place, str(found[0]), found[1], found[2], found[3] or 0.0)


def _from_lines(path: Path, content: str) -> list[OwnBox]:
    boxes = []
    for number, line in enumerate(content.splitlines(), 1):
        fields = line.partition('#')[0].replace(',', ' ').split()
        if not fields:
            continue
        place = f'boxes {path}, line {number}'
        count = next((i for i, field in enumerate(fields) if not _is_number(field)), len(fields) - 1)
        if count not in (6, 7):
            raise ValueError(f'{place}: expected x y z dx dy dz [yaw] class, got {line.strip()!r}')
        numbers = [float(field) for field in fields[:count]]
        name = ' '.join(fields[count:])
        boxes.append(_checked(place, name, numbers[:3], numbers[3:6], numbers[6] if count == 7 else 0.0))
    return boxes


def _checked(place: str, name: str, center: Any, size: Any, yaw: Any) -> OwnBox:
    center, size = _three(f'{place}: center', center), _three(f'{place}: size', size)
    if min(size) <= 0:
        raise ValueError(f'{place}: expected edge lengths above zero, got {size}')
    turn = _as_finite(yaw) if isinstance(yaw, (int, float)) else None
    if turn is None:
        raise ValueError(f'{place}: expected a finite yaw in radians, got {yaw!r:.60}')
    return OwnBox(name, center, size, turn)


def _three(place: str, value: Any) -> tuple[float, float, float]:
    """Three finite numbers of a list, or under the keys of an object."""
    if isinstance(value, dict):
        keys = next((keys for keys in AXES if all(key in value for key in keys)), ())
        value = [value[key] for key in keys]
    numbers = tuple(map(_as_finite, value)) if np.iterable(value) else ()
    if len(numbers) != 3 or None in numbers:
        raise ValueError(f'{place}: expected three finite numbers, got {value!r:.100}')
    return numbers


def _as_finite(value: Any) -> float | None:
    """A number, or the text of one, as a finite float; None for others: JSON has integers of any length."""
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        return None
    return number if np.isfinite(number) else None


def _first(entry: dict, keys: tuple[str, ...]) -> Any:
    return next((entry[key] for key in keys if entry.get(key) is not None), None)


def _is_number(text: str) -> bool:
    return _as_finite(text) is not None
