"""Files that overlay a scan's own: its PLY or LAS file again, with labels and confidence."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from plyfile import PlyElement, PlyListProperty

from ..atomic_write import atomic_write
from ..optional_packages import optional_package
from ..scan_files.named_columns import LABEL
from ..scan_files.ply import LABEL_COMMENT
from ..scan_files.ply_elements import parse_ply
from ..scan_files.ply_header import read_ply_header
from ..visualization.las_writer import NAMES_RECORD, name_records
from ..visualization.ply_file import write_ply_elements

CHANNELS = ('red', 'green', 'blue')
RESULTS = (*CHANNELS, 'label', 'confidence')
KEPT = 'scan_'
"""Before the name of a property of the scan whose place a result takes."""
NARROW_CLASSES = 31  # largest class of LAS point formats 0 to 5
WIDE_FORMAT = {0: 6, 1: 6, 2: 7, 3: 7, 4: 9, 5: 10}
LOOKUP_RECORD = ('LASF_Spec', 0)


def overlay_ply(
    path: str | os.PathLike,
    source: str | os.PathLike,
    color: np.ndarray,
    label: np.ndarray,
    confidence: np.ndarray | None = None,
    names: Sequence[str] = (),
) -> None:
    """Write a PLY file again: coordinates bit for bit, faces and all other properties, and the results.

    Results are the properties red, green, blue, label and confidence. A property of the scan of such a name
    is kept as `scan_red` and so on. Lists of vertices are left out.

    Args:
        path: The file to write; it appears whole or not at all.
        source: The PLY file of the scan.
        color: (R, 3) in 0..255, of every row of the file.
        label: (R,) class indices.
        confidence: (R,) float32 in [0, 1], or None.
        names: Class names.

    Raises:
        ValueError: When the file has changed since it was read.
    """
    whole = parse_ply(Path(source))
    vertex = whole['vertex']
    if len(vertex.data) != len(label):
        raise ValueError(f'{source}: expected {len(label)} vertices as before, got {len(vertex.data)}')
    own = [it.name for it in vertex.properties if not isinstance(it, PlyListProperty)]
    columns = {KEPT + name if name.lower() in RESULTS else name: vertex.data[name] for name in own}
    columns.update({name: vertex.data[name] for name in own if name.startswith(KEPT)})
    columns.update(zip(CHANNELS, np.rint(color).astype(np.uint8).T), label=label.astype(np.int32))
    if confidence is not None:
        columns['confidence'] = confidence.astype(np.float32)
    rows = np.empty(len(label), dtype=[(name, values.dtype) for name, values in columns.items()])
    for name, values in columns.items():
        rows[name] = values
    others = [element for element in whole.elements if element.name != 'vertex']
    comments = [it for it in read_ply_header(Path(source)).comments if not it.startswith(LABEL_COMMENT)]
    comments += [f'{LABEL_COMMENT}{number} {name}' for number, name in enumerate(names)]
    write_ply_elements(path, [PlyElement.describe(rows, 'vertex'), *others], comments)


def overlay_las(
    path: str | os.PathLike,
    source: str | os.PathLike,
    label: np.ndarray,
    confidence: np.ndarray | None = None,
    names: Sequence[str] = (),
) -> None:
    """Write a LAS or LAZ file again: every dimension and record, and the results.

    The classes are the classification, the confidence an extra dimension. Extra dimensions of the scan in
    which labels are sought become `scan_label` and so on. Point formats 0 to 5, which hold 31 classes, become
    6 to 10 where there are more.

    Args:
        path: The file to write, compressed where it ends in .laz; it appears whole or not at all.
        source: The LAS or LAZ file of the scan.
        label: (P,) class indices in 0..255.
        confidence: (P,) float32 in [0, 1], or None.
        names: Class names.

    Raises:
        ValueError: laspy (or lazrs) is missing, a label is out of range, or the file has changed since it
            was read.
    """
    laspy = optional_package('laspy', 'formats', 'writing LAS files')
    if '.laz' in (Path(path).suffix.lower(), Path(source).suffix.lower()):
        optional_package('lazrs', 'formats', 'writing LAZ files')
    data = laspy.read(source)
    if len(data.points) != len(label):
        raise ValueError(f'{source}: expected {len(label)} points as before, got {len(data.points)}')
    if label.min() < 0 or label.max() > 255:
        raise ValueError(f'label: expected 0..255, got {label.min()} .. {label.max()}')
    if max(int(label.max()), len(names) - 1) > NARROW_CLASSES and data.point_format.id in WIDE_FORMAT:
        data = laspy.convert(data, point_format_id=WIDE_FORMAT[data.point_format.id])
    for name in list(data.point_format.extra_dimension_names):
        if name.lower() in LABEL or name == 'confidence':
            _add_dimension(laspy, data, KEPT + name, np.array(data[name]))
            data.remove_extra_dim(name)
    data.classification = label.astype(np.uint8)
    if confidence is not None:
        _add_dimension(laspy, data, 'confidence', confidence.astype(np.float32))
    ours = (NAMES_RECORD, LOOKUP_RECORD)
    kept = [record for record in data.header.vlrs if (record.user_id, record.record_id) not in ours]
    data.header.vlrs = type(data.header.vlrs)([*kept, *(name_records(laspy, names) if names else ())])
    with atomic_write(path) as part:
        data.write(str(part))


def _add_dimension(laspy: object, data: object, name: str, values: np.ndarray) -> None:
    """Add an extra dimension in place of one of that name."""
    if name in data.point_format.extra_dimension_names:
        data.remove_extra_dim(name)
    data.add_extra_dim(laspy.ExtraBytesParams(name=name, type=values.dtype))
    data[name] = values
