"""E57 scans: the points of all stations of a terrestrial scanner, each brought to its place."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from mmengine.logging import print_log

from ..optional_packages import optional_package
from .named_columns import COLOR, LABEL, NORMAL, arrays_from_columns
from .scan import GREY, Scan, make_scan

CARTESIAN = ('cartesianX', 'cartesianY', 'cartesianZ')
SPHERICAL = ('sphericalRange', 'sphericalAzimuth', 'sphericalElevation')
COLORS = ('colorRed', 'colorGreen', 'colorBlue')
INVALID = ('cartesianInvalidState', 'sphericalInvalidState')
FULL_COLORS = (1.0, 255.0, 1023.0, 4095.0, 65535.0)
_MATTER = {*LABEL, *(name for group in (*COLOR, *NORMAL) for name in group)}


def read_e57(path: Path) -> Scan:
    """Read all scans of an E57 file, one after the other, in the coordinates that their poses lead to.

    Points that the scanner marks as invalid keep their row without coordinates. Labels are a field `label`
    (`sem`, `classification`, ...) of all scans, also of an extension; normals those of the extension `nor`.

    Raises:
        ValueError: pye57 is missing; the file is damaged, has no points, or promises more than it has.

    Source: ASTM E2807, the ASTM E57 file format for 3D imaging data exchange.
    """
    pye57 = optional_package('pye57', 'formats', 'reading E57 files')
    _check_length(path)
    try:
        image = pye57.libe57.ImageFile(str(path), 'r')
        try:
            parts = _scans(pye57, image, path)
        finally:
            image.close()
    except (OSError, MemoryError, ValueError):
        raise
    except Exception as error:  # whatever libE57 meets in a damaged file
        # Its first line; the others tell where in the library it was raised.
        told = str(error).splitlines() or [type(error).__name__]
        raise ValueError(f'not a whole E57 file: {told[0]}') from error
    if len(parts) > 1:
        print_log(f'{path.name}: {len(parts)} scans are read as one', logger='current')
    return make_scan(
        xyz=np.concatenate([part['xyz'] for part in parts]),
        color=_joined(parts, 'color'),
        normal=_joined(parts, 'normal'),
        label=_joined(parts, 'label'),
    )


def _scans(pye57: object, image: object, path: Path) -> list[dict]:
    root = image.root()
    headers = [pye57.ScanHeader(scan) for scan in root['data3D']] if root.isDefined('data3D') else []
    headers = [header for header in headers if header.point_count > 0]
    if not headers:
        raise ValueError('empty cloud: the file has no scan with points')
    for header in headers:
        _check_count(pye57.libe57, header, path.stat().st_size)
    return [_scan(pye57.libe57, image, header) for header in headers]


def _scan(libe57: object, image: object, header: object) -> dict[str, np.ndarray | None]:
    """Arrays of one scan in the coordinates of the file."""
    fields = [name for name in header.point_fields if _is_wanted(name)]
    columns = _columns(libe57, image, header, fields)
    places = next((names for names in (CARTESIAN, SPHERICAL) if set(names) <= set(fields)), None)
    if places is None:
        raise ValueError(
            f'expected fields cartesianX, Y, Z or sphericalRange, ..., got {header.point_fields}'
        )
    xyz = np.stack([columns[name] for name in places], axis=1)
    if places == SPHERICAL:
        xyz = _from_spherical(xyz)
    for name in set(INVALID) & set(fields):
        xyz[columns[name] != 0] = np.nan
    turn, move = _pose(header)
    prototype = libe57.StructureNode(header.points.prototype())
    for name in set(fields) - {*CARTESIAN, *SPHERICAL}:
        if isinstance(prototype[name], libe57.IntegerNode):
            columns[name] = columns[name].astype(np.int64)
    known = {name.rpartition(':')[2]: values for name, values in columns.items()}
    parts = arrays_from_columns([*zip('xyz', (xyz @ turn.T + move).T), *known.items()])
    if parts['color'] is not None:
        parts['color'] = _scaled_colors(parts['color'], header)
    if parts['normal'] is not None:
        parts['normal'] = parts['normal'] @ turn.T
    return parts


def _is_wanted(name: str) -> bool:
    return name in (*CARTESIAN, *SPHERICAL, *INVALID) or name.rpartition(':')[2].lower() in _MATTER


def _columns(libe57: object, image: object, header: object, fields: list[str]) -> dict[str, np.ndarray]:
    columns = {name: np.full(header.point_count, np.nan) for name in fields}
    buffers = libe57.VectorSourceDestBuffer()
    for name, values in columns.items():
        buffers.append(libe57.SourceDestBuffer(image, name, values, len(values), True, True))
    reader = header.points.reader(buffers)
    count = reader.read()
    reader.close()
    if count != header.point_count:
        raise ValueError(f'truncated: a scan promises {header.point_count} points, the file has {count}')
    return columns


def _from_spherical(places: np.ndarray) -> np.ndarray:
    """(P, 3) range, azimuth and elevation in radians as x, y, z."""
    reach, azimuth, elevation = places.T
    flat = reach * np.cos(elevation)
    return np.stack([flat * np.cos(azimuth), flat * np.sin(azimuth), reach * np.sin(elevation)], axis=1)


def _pose(header: object) -> tuple[np.ndarray, np.ndarray]:
    """Rotation (3, 3) and translation (3,) of a scan."""
    turn, move = np.eye(3), np.zeros(3)
    if not header.has_pose():
        return turn, move
    pose = header['pose']
    if pose.isDefined('translation'):
        move = np.array([pose['translation'][axis].value() for axis in 'xyz'], dtype=np.float64)
    if pose.isDefined('rotation'):
        w, x, y, z = quaternion = np.array([pose['rotation'][part].value() for part in 'wxyz'])
        length = float(quaternion @ quaternion)
        if not (np.isfinite(length) and abs(length - 1) < 1e-3):
            raise ValueError(f'pose: expected a rotation of length 1, got {quaternion}')
        cross = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
        turn = np.eye(3) + 2 * (w * cross + cross @ cross) / length
    if not np.isfinite(move).all():
        raise ValueError(f'pose: expected a finite translation, got {move}')
    return turn, move


def _scaled_colors(color: np.ndarray, header: object) -> np.ndarray:
    """Colours in 0..255 where the scan states the range that it has them in, else as they are."""
    limits = header['colorLimits'] if 'colorLimits' in header.scan_fields else None
    names = [f'{name}Maximum' for name in COLORS]
    if limits is None or not all(limits.isDefined(name) for name in names):
        return color
    full = {float(limits[name].value()) for name in names}
    if len(full) > 1 or not full <= set(FULL_COLORS):
        return color
    # Whole numbers, which are 0..255 also where all of them are dark.
    return np.rint(np.nan_to_num(color * (255.0 / full.pop()), nan=GREY)).astype(np.int64)


def _joined(parts: list[dict], name: str) -> np.ndarray | None:
    """An array of all scans, NaN for those that lack it; None where all do."""
    have = next((part[name] for part in parts if part[name] is not None), None)
    if have is None:
        return None
    missing = [np.full((len(part['xyz']), *have.shape[1:]), np.nan) for part in parts if part[name] is None]
    rest = iter(missing)
    return np.concatenate([part[name] if part[name] is not None else next(rest) for part in parts])


def _check_length(path: Path) -> None:
    """Raise ValueError unless the file is as long as its header says."""
    with open(path, 'rb') as file:
        head, size = file.read(48), file.seek(0, 2)
    promised = int.from_bytes(head[16:24], 'little')
    if head[:8] != b'ASTM-E57' or len(head) < 48:
        raise ValueError('not a whole E57 file: it does not begin with ASTM-E57')
    if promised != size:
        raise ValueError(f'not a whole E57 file: the header promises {promised} bytes, the file has {size}')


def _check_count(libe57: object, header: object, size: int) -> None:
    """Raise ValueError when a scan promises more points than the file has bits for."""
    prototype = libe57.StructureNode(header.points.prototype())
    bits = sum(_bits(libe57, prototype[name]) for name in header.point_fields)
    if header.point_count * bits > 8 * size or (bits == 0 and header.point_count > size):
        raise ValueError(
            f'not a whole E57 file: a scan promises {header.point_count} points of {bits} bits, the file has '
            f'{size} bytes'
        )


def _bits(libe57: object, node: object) -> int:
    """Bits of a field in a row."""
    if isinstance(node, libe57.FloatNode):
        return 64 if node.precision() == libe57.FloatPrecision.E57_DOUBLE else 32
    if isinstance(node, (libe57.IntegerNode, libe57.ScaledIntegerNode)):
        return (int(node.maximum()) - int(node.minimum())).bit_length()
    return 0
