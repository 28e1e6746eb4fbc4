"""The classes that a config chooses: their names, colours, and the ids that stand for them in mask files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..visualization.distinct_colors import distinct_colors
from .official_palettes import official_colors

OFFICIAL = 'official'
"""A ``palette`` that stands for the benchmark's own."""
MAX_ID = 2**24
"""Of mask files: a table has a row for each."""


@dataclass(frozen=True)
class ClassChoice:
    """Chosen classes; position in each tuple is the class label.

    Attributes:
        names: Class names.
        palette: One colour per class, each channel 0..255.
        ids: The mask ids of each class, one or several.
        all_ids: Every id that mask files may hold; those of no chosen class are ignored.
    """

    names: tuple[str, ...]
    palette: tuple[tuple[int, int, int], ...]
    ids: tuple[tuple[int, ...], ...]
    all_ids: tuple[int, ...]

    def label_of_id(self, ignored: int) -> dict[int, int]:
        """The label of every id that may occur; ``ignored`` for those of no chosen class."""
        labels = dict.fromkeys(self.all_ids, ignored)
        labels.update({number: label for label, ids in enumerate(self.ids) for number in ids})
        return labels

    def table(self, ignored: int) -> np.ndarray:
        """``(max id + 2,)`` int64: the label of id i in row i; the last row is that of -1, of no class."""
        labels = self.label_of_id(ignored)
        table = np.full(max(labels) + 2, ignored, dtype=np.int64)
        table[list(labels)] = list(labels.values())
        return table


def choose_classes(metainfo: Mapping[str, Any] | None, known: Mapping[str, Any]) -> ClassChoice:
    """The classes that a config's ``metainfo`` chooses among the known ones, or states for its own data.

    Names that are all known have the known ids and colours, as in mmdet3d. Names of which one is not known
    are a list of their own: its ids are 0 .. K - 1 in the order of the names, unless ``metainfo`` gives them.

    Args:
        metainfo: ``classes``; optional ``palette``, one colour for each or ``'official'`` for those that the
            benchmark publishes; optional ``seg_valid_class_ids``, for each class its id
            in the mask files, or several; optional ``seg_all_class_ids``, all ids that may occur there.
            None or without ``classes`` for all known classes.
        known: The same keys of a benchmark, or of an info file; may be empty.

    Raises:
        TypeError: ``classes`` is one string, or an entry is of another type.
        ValueError: No class is named, a name or an id stands twice, lengths differ, or an id or colour is out
            of range.
    """
    metainfo = {} if metainfo is None else metainfo
    for name, value in (('metainfo', metainfo), ('known', known)):
        if not isinstance(value, Mapping):
            raise TypeError(f'{name} must be a dict, got {type(value).__name__}')
    known = known if known.get('classes') else {}  # stock classes state None
    names = metainfo.get('classes') or known.get('classes')
    if isinstance(names, str):
        raise TypeError(f'metainfo: classes must be a sequence of names, got the string {names!r}')
    names = _listed('classes', names or ())
    if not names:
        raise ValueError('metainfo: classes must name at least one class, got none')
    _check_unique('classes', names)
    known_names = _listed('classes', known.get('classes', ()))
    _check_unique('classes', known_names)
    is_known = set(names) <= set(known_names)
    ids = _ids(metainfo, known, names, is_known)
    return ClassChoice(
        names=names,
        palette=_palette(metainfo, known, names),
        ids=ids,
        all_ids=_all_ids(metainfo, known, ids, is_known),
    )


def _ids(
    metainfo: Mapping[str, Any], known: Mapping[str, Any], names: tuple[str, ...], is_known: bool
) -> tuple[tuple[int, ...], ...]:
    """The ids of each name."""
    if 'seg_valid_class_ids' in metainfo:
        given = _listed('seg_valid_class_ids', metainfo['seg_valid_class_ids'])
        if len(given) != len(names):
            raise ValueError(
                f'metainfo: seg_valid_class_ids must have an entry for each of {len(names)} classes, '
                f'got {len(given)}'
            )
    elif is_known and 'seg_valid_class_ids' in known:
        own = _listed('seg_valid_class_ids', known['seg_valid_class_ids'])
        if len(own) != len(known['classes']):
            raise ValueError(
                f'known: seg_valid_class_ids must have an entry for each of {len(known["classes"])} classes, '
                f'got {len(own)}'
            )
        rows = dict(zip(known['classes'], own))
        given = [rows[name] for name in names]
    else:
        given = range(len(names))
    key = 'seg_valid_class_ids'
    ids = tuple(
        tuple(_number(key, number) for number in (_listed(key, it) if np.iterable(it) else (it,)))
        for it in given
    )
    flat = [number for several in ids for number in several]
    _check_unique('seg_valid_class_ids', flat)
    if min(flat, default=0) < 0:
        raise ValueError(f'metainfo: seg_valid_class_ids must be 0 or more, got {min(flat)}')
    return ids


def _all_ids(
    metainfo: Mapping[str, Any], known: Mapping[str, Any], ids: tuple[tuple[int, ...], ...], is_known: bool
) -> tuple[int, ...]:
    flat = [number for several in ids for number in several]
    if 'seg_all_class_ids' in metainfo:
        key = 'seg_all_class_ids'
        named = [_number(key, number) for number in _listed(key, metainfo[key])]
        if min(named, default=0) < -1:
            raise ValueError(f'metainfo: {key} must be 0 or more, or -1, got {min(named)}')
    elif is_known and 'seg_valid_class_ids' not in metainfo:
        named = known.get('seg_all_class_ids', ())
    else:
        named = range(max(flat, default=-1) + 1)
    return tuple(sorted({*named, *flat} - {-1}))


def _palette(
    metainfo: Mapping[str, Any], known: Mapping[str, Any], names: tuple[str, ...]
) -> tuple[tuple[int, int, int], ...]:
    palette = metainfo.get('palette')
    if isinstance(palette, str):
        if palette != OFFICIAL:
            raise ValueError(f"metainfo: palette must be colours or 'official', got {palette!r}")
        colors = official_colors(known.get('classes', ()))
        palette = [colors.get(name) for name in names]
        if None in palette:
            raise ValueError(f"metainfo: palette 'official' has no colours of {', '.join(names)}")
    if palette is None:
        colors = dict(zip(known.get('classes', ()), _listed('palette', known.get('palette') or ())))
        palette = [colors.get(name, own) for name, own in zip(names, distinct_colors(len(names)))]
    palette = [_listed('palette', color) for color in _listed('palette', palette)]
    if len(palette) != len(names):
        raise ValueError(
            f'metainfo: palette must have a colour for each of {len(names)} classes, got {len(palette)}'
        )
    return tuple(tuple(_number('palette', channel, most=255) for channel in color) for color in palette)


def _listed(key: str, values: Any) -> tuple:
    if isinstance(values, (str, bytes, Mapping)) or not np.iterable(values):
        raise TypeError(f'metainfo: {key} must be a sequence, got {values!r:.60}')
    return tuple(values)


def _number(key: str, value: Any, most: int = MAX_ID) -> int:
    if isinstance(value, (bool, np.bool_)) or not isinstance(value, (int, np.integer)):
        raise TypeError(f'metainfo: {key} must hold whole numbers, got {value!r:.60}')
    if value > most:
        raise ValueError(f'metainfo: {key} must be at most {most}, got {value}')
    return int(value)


def _check_unique(key: str, values: Sequence[Any]) -> None:
    strange = [value for value in values if not isinstance(value, (str, int))]
    if strange:
        raise TypeError(f'metainfo: {key} must hold names, got {strange[0]!r:.60}')
    twice = [value for value in dict.fromkeys(values) if values.count(value) > 1]
    if twice:
        raise ValueError(f'metainfo: {key} must not repeat, got twice: {", ".join(map(str, twice))}')
