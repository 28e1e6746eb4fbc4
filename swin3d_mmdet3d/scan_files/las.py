"""LAS and LAZ scans: coordinates in float64 from their whole numbers, colours, classes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from mmengine.logging import print_log

from ..json_text import parse_json
from ..optional_packages import optional_package
from ..visualization.las_writer import NAMES_RECORD
from .las_header import LasHeader, read_las_header
from .laz_chunks import check_laz_chunks, laszip_record
from .named_columns import COLOR, LABEL, arrays_from_columns
from .scan import Scan, make_scan

BATCH = 100_000  # points that are read at a time


def read_las(path: Path) -> Scan:
    """Read a LAS or LAZ file.

    Labels are an extra dimension `label` (`sem`, ...) or the classification; a file whose classification is 0
    (never classified) everywhere has none, and one whose colours are all 0 has no colours.

    Raises:
        ValueError: laspy or lazrs is missing; the file is damaged, or promises more than it has.
    """
    laspy = optional_package('laspy', 'formats', 'reading LAS and LAZ files')
    header = read_las_header(path)
    try:
        points, vlrs = _points(laspy, path, header)
        columns = {name: np.asarray(points[name]) for name in _wanted(points)}
        label_names = _label_names(vlrs)
    except (OSError, MemoryError, ValueError, KeyboardInterrupt, SystemExit):
        raise
    except BaseException as error:  # lazrs panics by an exception that is no Exception
        raise ValueError(f'not a whole LAS file: {str(error) or type(error).__name__}') from error
    for name, axis in zip('xyz', range(3)):
        columns[name] = points[name.upper()] * header.grid[0, axis] + header.grid[1, axis]
    parts = arrays_from_columns(columns)
    if parts['color'] is not None and not parts['color'].any():
        print_log(f'{path.name}: all colours are 0 and taken for none', logger='current')
        parts['color'] = None
    if parts['label'] is not None and label_names is None and not parts['label'].any():
        print_log(f'{path.name}: no point is classified', logger='current')
        parts['label'] = None
    return make_scan(**parts, label_names=label_names, grid=header.grid)


def _points(laspy: object, path: Path, header: LasHeader) -> tuple[object, object]:
    """Records of all points, and the file's variable length records."""
    with open(path, 'rb') as file:
        options = {}
        if header.is_compressed:
            lazrs = optional_package('lazrs', 'formats', 'reading LAZ files')
            options = dict(laz_backend=laspy.LazBackend.Lazrs)
        with laspy.LasReader(file, closefd=False, read_evlrs=False, **options) as reader:
            vlrs = reader.header.vlrs
            if header.is_compressed:
                check_laz_chunks(path, header, lazrs, laszip_record(vlrs))
                file.seek(header.start)
            batches = []
            for _ in range(0, header.count, BATCH):
                batches.append(reader.read_points(BATCH))
                if len(batches[-1]) == 0:
                    break
    count = sum(map(len, batches))
    if count != header.count:
        raise ValueError(f'truncated: the header promises {header.count} points, the file has {count}')
    whole = np.concatenate([batch.array for batch in batches])
    first = batches[0]
    return type(first)(whole, first.point_format, first.scales, first.offsets), vlrs


def _wanted(points: object) -> list[str]:
    """Names of the dimensions that a scan may have a use for, besides coordinates."""
    matter = {name for group in COLOR for name in group} | set(LABEL)
    names = list(points.point_format.dimension_names)
    extra = list(points.point_format.extra_dimension_names)
    return [name for name in names if name in extra or name in matter]


def _label_names(vlrs: object) -> tuple[str, ...] | None:
    """Class names in the order of their numbers: those of `write_las`, or a lookup record without a gap."""
    for vlr in vlrs:
        if (vlr.user_id, vlr.record_id) == NAMES_RECORD:
            names = parse_json(vlr.record_data.decode('utf-8'))
            if not isinstance(names, list):
                raise ValueError(f'the record of class names must be a list, got {type(names).__name__}')
            return tuple(map(str, names))
    named = next((vlr.lookups for vlr in vlrs if hasattr(vlr, 'lookups')), {})
    if not named or sorted(named) != list(range(len(named))):
        return None
    return tuple(named[number] for number in range(len(named)))
