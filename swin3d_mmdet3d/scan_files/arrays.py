"""NumPy scans: NPY tables and NPZ archives with named arrays."""

from __future__ import annotations

import zipfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from mmengine.logging import print_log

from ..array_files import open_archive, read_member, read_npy_file
from .named_columns import LABEL, arrays_from_columns, other_columns
from .scan import Scan, make_scan
from .unnamed_columns import arrays_from_table

_NAMES_OF = {
    'points': ('points', 'xyz', 'coord', 'coords', 'pos'),
    'color': ('rgb', 'color', 'colors', 'colour', 'colours'),
    'normal': ('normal', 'normals'),
    'label': (*LABEL, 'labels', 'segment'),
    'names': ('names', 'classes'),
}


def read_npy(path: Path) -> Scan:
    """Read an NPY table: columns of a record array by their names, others as `arrays_from_table` says."""
    table = read_npy_file(path)
    if table.dtype.names:
        columns = {name: table[name] for name in table.dtype.names}
        return make_scan(**arrays_from_columns(columns), others=other_columns(columns))
    return make_scan(**arrays_from_table(table))


def read_npz(path: Path) -> Scan:
    """Read an NPZ archive; arrays that a scan has no use for stay unread.

    Coordinates: points, xyz, coord(s) or pos, a table as `arrays_from_table` splits it; colours: rgb or
    color(s); normals: normal(s); labels: label(s), sem, semantic, class, classification or segment; class
    names: names or classes.

    Raises:
        ValueError: When the archive is damaged or has no coordinates.
    """
    with open_archive(path) as archive:
        arrays = _known_arrays(archive)
    return _scan_of(arrays)


def scan_of_arrays(arrays: Mapping[str, np.ndarray]) -> Scan:
    """A scan of arrays in memory, named as those of an NPZ archive.

    Args:
        arrays: Coordinates under points, xyz, coord(s) or pos, a table as `arrays_from_table` splits it;
            colours, normals, labels and class names as `read_npz` finds them.

    Raises:
        ValueError: When there are no coordinates, or a name is none of these.
    """
    known = {name: key for key, names in _NAMES_OF.items() for name in names}
    strange = [str(name) for name in arrays if str(name).lower() not in known]
    if strange:
        raise ValueError(f'expected arrays named {", ".join(known)}, got {", ".join(strange)}')
    given = {known[str(name).lower()]: np.asarray(values) for name, values in arrays.items()}
    if 'points' not in given:
        raise ValueError(f'expected an array {" or ".join(_NAMES_OF["points"])}, got {sorted(arrays)}')
    return _scan_of(given)


def _scan_of(arrays: Mapping[str, np.ndarray]) -> Scan:
    """The scan of arrays by the keys of `_NAMES_OF`."""
    points = arrays['points']
    parts = arrays_from_table(points)
    parts.update({key: arrays[key] for key in ('color', 'normal') if key in arrays})
    return make_scan(**parts, **_point_labels(arrays, len(points)))


def _known_arrays(archive: zipfile.ZipFile) -> dict[str, np.ndarray]:
    """What the archive has of a scan, by the keys of `_NAMES_OF`."""
    listed = [info for info in archive.infolist() if info.filename.endswith('.npy')]
    members = {info.filename[:-4].lower(): info for info in listed}
    arrays = {}
    for key, names in _NAMES_OF.items():
        member = next((members[name] for name in names if name in members), None)
        if member is not None:
            arrays[key] = read_member(archive, member)
    if 'points' not in arrays:
        raise ValueError(f'expected an array {" or ".join(_NAMES_OF["points"])}, got {sorted(members)}')
    return arrays


def _point_labels(arrays: Mapping[str, np.ndarray], points: int) -> dict:
    """label and label_names of an archive, empty when its labels are not of points."""
    label, names = arrays.get('label'), arrays.get('names')
    if label is None:
        return {}
    if label.size != points:
        # Archives of detection scenes keep the labels of their boxes under the same names.
        print_log(f'{label.size} labels for {points} points: not of points, left out', 'current')
        return {}
    return dict(label=label, label_names=None if names is None else tuple(map(str, names.ravel())))
