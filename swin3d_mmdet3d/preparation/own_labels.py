"""Labels of one's own scans: the classes of their ids or names, and files of labels beside scans."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..array_files import read_npy_array
from ..json_text import parse_json
from ..scan_files.scan import whole_labels

UNLABELLED = 255  # in prepared masks


@dataclass(frozen=True)
class OwnClasses:
    """The classes of one's own scans; position in `names` is the label in prepared masks.

    Attributes:
        names: Class names.
        ids: The ids of each class in the scans' labels, one or several.
        unlabelled: Ids that mark points without a class.
    """

    names: tuple[str, ...]
    ids: tuple[tuple[int, ...], ...]
    unlabelled: tuple[int, ...] = (-1, UNLABELLED)

    def __post_init__(self) -> None:
        for what, values in (('names', self.names), ('ids', self.ids), ('unlabelled', self.unlabelled)):
            if not isinstance(values, (tuple, list)):
                raise TypeError(f'classes: {what} must be a tuple, got {type(values).__name__}')
        if not all(isinstance(name, str) for name in self.names):
            raise TypeError(f'classes: names must be texts, got {self.names!r:.100}')
        for several in (*self.ids, self.unlabelled):
            if not (isinstance(several, (tuple, list)) and all(type(number) is int for number in several)):
                raise TypeError(f'classes: ids must be tuples of whole numbers, got {several!r:.100}')
        if len(self.ids) != len(self.names):
            raise ValueError(f'classes: ids must be of {len(self.names)} names, got {len(self.ids)}')
        flat = [number for several in self.ids for number in several]
        if not self.names or len(self.names) > UNLABELLED:
            raise ValueError(f'classes: expected 1 .. {UNLABELLED} of them, got {len(self.names)}')
        for what, values in (('names', self.names), ('ids', flat)):
            twice = sorted({value for value in values if values.count(value) > 1})
            if twice:
                raise ValueError(f'classes: {what} must not repeat, got twice: {", ".join(map(str, twice))}')

    def labels(self, raw: np.ndarray) -> np.ndarray:
        """(P,) ids of a scan's points as (P,) int64 class labels, `UNLABELLED` where they have none.

        Raises:
            TypeError: The ids are no array of whole numbers.
            ValueError: An id is of no class and not among the unlabelled ones.
        """
        if not (isinstance(raw, np.ndarray) and raw.dtype.kind in 'iu'):
            told = raw.dtype if isinstance(raw, np.ndarray) else type(raw).__name__
            raise TypeError(f'labels: expected an array of whole numbers, got {told}')
        found, inverse = np.unique(raw, return_inverse=True)
        label_of = dict.fromkeys(self.unlabelled, UNLABELLED)
        label_of.update({number: label for label, ids in enumerate(self.ids) for number in ids})
        strange = [int(number) for number in found if int(number) not in label_of]
        if strange:
            raise ValueError(
                f'labels: expected ids of a class ({_told(label_of)}), got {_told(strange)}; '
                'name them in the classes, or as --unlabelled'
            )
        return np.array([label_of[int(number)] for number in found], dtype=np.int64)[inverse.reshape(-1)]

    def name_of_box(self, name: str) -> str:
        """The class of a box that names it, or its id."""
        if name not in self.names and name.lstrip('-').isdecimal():
            for own, ids in zip(self.names, self.ids):
                if int(name) in ids:
                    return own
        return name


def parse_classes(entries: Sequence[str], unlabelled: Sequence[int]) -> OwnClasses:
    """Classes of a command line: `desk monitor` count from 0, `desk=3 monitor=7,8` state their ids.

    Raises:
        ValueError: An entry has no name or no whole numbers, or some entries have ids and others do not.
    """
    for what, values, kind in (('texts', entries, str), ('unlabelled ids', unlabelled, int)):
        is_listed = isinstance(values, Sequence) and not isinstance(values, str)
        if not is_listed or not all(isinstance(value, kind) for value in values):
            raise TypeError(f'classes: expected a sequence of {what}, got {values!r:.100}')
    names, ids = [], []
    for entry in entries:
        name, equals, numbers = entry.rpartition('=') if '=' in entry else (entry, '', '')
        if not name:
            raise ValueError(f'classes: expected NAME or NAME=ID,ID, got {entry!r}')
        names.append(name)
        try:
            ids.append(tuple(int(number) for number in numbers.split(',')) if equals else None)
        except ValueError:
            raise ValueError(f'classes: expected NAME=ID,ID with whole numbers, got {entry!r}') from None
    if any(own is None for own in ids):
        if any(own is not None for own in ids):
            raise ValueError('classes: expected ids for all of them or for none, got both')
        ids = [(number,) for number in range(len(names))]
    flat = {number for several in ids for number in several}
    return OwnClasses(tuple(names), tuple(ids), tuple(number for number in unlabelled if number not in flat))


def read_classes(path: Path, unlabelled: Sequence[int]) -> OwnClasses:
    """Classes of a file: JSON `{"desk": 3, "monitor": [7, 8]}`, or a line a class, `desk` or `desk 3`.

    Raises:
        ValueError: Naming the file, when it holds anything else.
    """
    try:
        content = path.read_text(encoding='utf-8-sig')
        if path.suffix != '.json':
            rows = [line.partition('#')[0].split() for line in content.splitlines()]
            return parse_classes([_entry_of(row) for row in rows if row], unlabelled)
        table = parse_json(content)
        if not isinstance(table, Mapping):
            raise ValueError('expected an object of names and ids')
        entries = [f'{name}={",".join(map(str, np.atleast_1d(ids).tolist()))}' for name, ids in table.items()]
        return parse_classes(entries, unlabelled)
    except (OSError, ValueError) as error:
        raise ValueError(f'classes {path}: {error}') from error


def read_labels(path: Path, num_points: int, names: Sequence[str] = ()) -> np.ndarray:
    """The labels of a file beside a scan.

    `.npy`: whole numbers. `.label`: unsigned 32-bit numbers whose low half is the class, as in
    SemanticKITTI. Text: a whole number, or a name, a line.

    Args:
        path: The file.
        num_points: Points of the scan.
        names: What names in a text file stand for, in the order of their numbers.

    Returns:
        (P,) int64.

    Raises:
        ValueError: Naming the file, when it does not hold a label for each point.
    """
    try:
        if path.suffix == '.npy':
            with path.open('rb') as file:
                label = read_npy_array(file, path.stat().st_size).reshape(-1)
        elif path.suffix == '.label':
            label = np.frombuffer(path.read_bytes(), '<u4') & 0xFFFF
        else:
            label = _from_lines(path.read_text(encoding='utf-8-sig').split(), names)
        label = whole_labels(label)
    except (OSError, ValueError, OverflowError) as error:
        raise ValueError(f'labels {path}: {error}') from error
    if len(label) != num_points:
        raise ValueError(f'labels {path}: expected one for each of {num_points} points, got {len(label)}')
    return label


def _from_lines(words: list[str], names: Sequence[str]) -> np.ndarray:
    numbers = {name: number for number, name in enumerate(names)}
    return np.array(
        [numbers[word] if word in numbers else int(float(word)) for word in words], dtype=np.int64
    )


def _entry_of(row: list[str]) -> str:
    """`desk 3` or `desk=3` or `office desk 3 4` of a line as an entry of a command line."""
    numbers = []
    while len(row) > 1 and row[-1].lstrip('-').isdecimal():
        numbers.insert(0, row.pop())
    return f'{" ".join(row)}={",".join(numbers)}' if numbers else ' '.join(row)


def _told(numbers: Iterable[int]) -> str:
    numbers = sorted(numbers)
    return ', '.join(map(str, numbers[:12])) + (', ...' if len(numbers) > 12 else '')
