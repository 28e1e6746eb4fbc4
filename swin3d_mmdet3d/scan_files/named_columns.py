"""Named columns: find coordinates, colours, normals and labels among the fields of a scan file."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np

XYZ = (
    ('x', 'y', 'z'),
    ('easting', 'northing', 'elevation'),
    ('easting', 'northing', 'height'),
    ('points:0', 'points:1', 'points:2'),  # ParaView
)
COLOR = (
    ('red', 'green', 'blue'),
    ('r', 'g', 'b'),
    ('rf', 'gf', 'bf'),  # CloudCompare, 0..1
    ('diffuse_red', 'diffuse_green', 'diffuse_blue'),
    ('color_red', 'color_green', 'color_blue'),
    ('colorred', 'colorgreen', 'colorblue'),
)
SPLAT_COLOR = ('f_dc_0', 'f_dc_1', 'f_dc_2')
NORMAL = (
    ('nx', 'ny', 'nz'),
    ('normal_x', 'normal_y', 'normal_z'),
    ('normalx', 'normaly', 'normalz'),
    ('normals:0', 'normals:1', 'normals:2'),
)
LABEL = ('label', 'sem', 'semantic', 'class', 'classification')
# CloudCompare writes scalar fields under their names with this before them.
SCALAR_FIELD = 'scalar_'
# Y_00, the constant spherical harmonic: Gaussian splats (arXiv 2308.04079) hold colours as harmonics.
HARMONIC_0 = 0.28209479177387814


def arrays_from_columns(
    columns: Mapping[str, np.ndarray] | Iterable[tuple[str, np.ndarray]],
) -> dict[str, np.ndarray | None]:
    """Gather single columns into the arrays of a scan.

    Args:
        columns: Field name (any case) -> (P,) values, or pairs of these.

    Returns:
        xyz, color, normal: (P, 3), and label: (P,); None for what the file does not have.

    Raises:
        ValueError: When x, y, z are not all there, or a name that matters occurs twice.
    """
    pairs = columns.items() if isinstance(columns, Mapping) else columns
    columns = _by_name([(name.strip().lower(), values) for name, values in pairs])
    xyz = _stack_first(columns, XYZ)
    if xyz is None:
        raise ValueError(f'expected fields x, y, z, got {sorted(columns)}')
    color = _stack_first(columns, COLOR)
    if color is None and all(name in columns for name in SPLAT_COLOR):
        harmonic = _stack_first(columns, (SPLAT_COLOR,)).astype(np.float64)
        color = np.clip(0.5 + HARMONIC_0 * harmonic, 0, 1)
    label = next((columns[name] for name in LABEL if name in columns), None)
    return dict(xyz=xyz, color=color, normal=_stack_first(columns, NORMAL), label=label)


def other_columns(
    columns: Mapping[str, np.ndarray] | Iterable[tuple[str, np.ndarray]],
) -> dict[str, np.ndarray]:
    """The columns of numbers that `arrays_from_columns` has no use for, such as an intensity.

    Args:
        columns: As there.

    Returns:
        Name as in the file -> (P,) values.
    """
    pairs = list(columns.items() if isinstance(columns, Mapping) else columns)
    there = {name.strip().lower() for name, _ in pairs}
    there |= {name[len(SCALAR_FIELD) :] for name in there if name.startswith(SCALAR_FIELD)}
    used = {'rgb', 'rgba', *SPLAT_COLOR, next((name for name in LABEL if name in there), '')}
    for choices in (XYZ, COLOR, NORMAL):
        used.update(next((names for names in choices if there.issuperset(names)), ()))
    found = {}
    for name, values in pairs:
        short = name.strip().lower()
        is_used = short in used or short.startswith(SCALAR_FIELD) and short[len(SCALAR_FIELD) :] in used
        if not is_used and np.ndim(values) == 1 and np.asarray(values).dtype.kind in 'fiub':
            found[name.strip()] = np.asarray(values)
    return found


def _by_name(pairs: list[tuple[str, np.ndarray]]) -> dict[str, np.ndarray]:
    """Columns by their names; a scalar field also by its name alone, where no other column has it."""
    found: dict[str, np.ndarray] = {}
    matter = {*LABEL, *SPLAT_COLOR, *(name for group in (*XYZ, *COLOR, *NORMAL) for name in group)}
    for name, values in pairs:
        if name in found and name in matter:
            raise ValueError(f'expected different names of columns, got {name} twice')
        found[name] = values
    for name in [name for name in found if name.startswith(SCALAR_FIELD)]:
        found.setdefault(name[len(SCALAR_FIELD) :], found[name])
    return found


def _stack_first(
    columns: Mapping[str, np.ndarray], choices: Sequence[tuple[str, str, str]]
) -> np.ndarray | None:
    """(P, 3) of the first triple of names that `columns` has whole, or None."""
    for names in choices:
        if all(name in columns for name in names):
            return np.stack([columns[name] for name in names], axis=1)
    return None
