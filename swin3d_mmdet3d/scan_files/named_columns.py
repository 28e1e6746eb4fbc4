"""Named columns: find coordinates, colours, normals and labels among the fields of a scan file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

XYZ = (('x', 'y', 'z'),)
COLOR = (('red', 'green', 'blue'), ('r', 'g', 'b'), ('diffuse_red', 'diffuse_green', 'diffuse_blue'))
NORMAL = (('nx', 'ny', 'nz'), ('normal_x', 'normal_y', 'normal_z'))
LABEL = ('label', 'sem', 'semantic', 'class')


def arrays_from_columns(columns: Mapping[str, np.ndarray]) -> dict[str, np.ndarray | None]:
    """Gather single columns into the arrays of a scan.

    Args:
        columns: field name (any case) -> (P,) values.

    Returns:
        xyz, color, normal: (P, 3), and label: (P,); None for what the file does not have.

    Raises:
        ValueError: when x, y, z are not all there.
    """
    columns = {name.lower(): values for name, values in columns.items()}
    xyz = _stack_first(columns, XYZ)
    if xyz is None:
        raise ValueError(f'expected fields x, y, z, got {sorted(columns)}')
    label = next((columns[name] for name in LABEL if name in columns), None)
    return dict(
        xyz=xyz,
        color=_stack_first(columns, COLOR),
        normal=_stack_first(columns, NORMAL),
        label=label,
    )


def arrays_from_table(table: np.ndarray) -> dict[str, np.ndarray | None]:
    """Split a table without field names by its number of columns.

    Args:
        table: (P, 3) xyz, (P, 6) xyz + rgb, or (P, 9) xyz + rgb + normal.

    Raises:
        ValueError: for any other shape.
    """
    if table.ndim != 2 or table.shape[1] not in (3, 6, 9):
        raise ValueError(
            'expected 3 (xyz), 6 (xyz, rgb) or 9 (xyz, rgb, normal) columns, '
            f'got an array of shape {table.shape}'
        )
    parts = [table[:, i : i + 3] for i in range(0, table.shape[1], 3)]
    return dict(zip(('xyz', 'color', 'normal'), parts))


def _stack_first(
    columns: Mapping[str, np.ndarray], choices: Sequence[tuple[str, str, str]]
) -> np.ndarray | None:
    """(P, 3) of the first triple of names that `columns` has whole, or None."""
    for names in choices:
        if all(name in columns for name in names):
            return np.stack([columns[name] for name in names], axis=1)
    return None
