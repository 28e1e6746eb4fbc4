"""Text scans: one point a line, in ASC, CSV, PTS, TXT, XYZ and XYZRGB files."""

from __future__ import annotations

from pathlib import Path

from .named_columns import XYZ, arrays_from_columns, other_columns
from .scan import Scan, make_scan
from .text_encoding import decode_text
from .text_table import parse_table
from .unnamed_columns import Placement, arrays_from_table

# Leica's PTS: x y z, intensity, r g b.
CONVENTIONS = {'.pts': Placement(color=4, normal=None)}


def read_text(path: Path) -> Scan:
    """Read a text file of points.

    A line before the numbers that names x, y, z (and r, g, b, nx, ny, nz, label) gives the columns in any
    order. Without it the values tell colours and normals after xyz, as `arrays_from_table` says.

    Raises:
        ValueError: For anything that `parse_table` and `arrays_from_table` refuse, and for what is no text.
    """
    table = parse_table(decode_text(path.read_bytes()), XYZ)
    if table.names is None:
        return make_scan(**arrays_from_table(table.values, CONVENTIONS.get(path.suffix.lower())))
    columns = list(zip(table.names, table.values.T))
    return make_scan(**arrays_from_columns(columns), others=other_columns(columns))
