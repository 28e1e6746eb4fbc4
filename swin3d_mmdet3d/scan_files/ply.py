"""PLY scans: ascii or binary, with the vertex fields that scanners and viewers write."""

from __future__ import annotations

from pathlib import Path

from .named_columns import arrays_from_columns
from .ply_elements import parse_ply
from .ply_header import read_ply_header
from .scan import Scan, make_scan

# `visualization.write_ply` names the classes in comments of this form: "label 3 chair".
LABEL_COMMENT = 'label '


def read_ply(path: Path) -> Scan:
    """Read the vertices of a PLY file.

    Colours, normals and labels are those of the names in `named_columns`, also of CloudCompare's scalar
    fields and of Gaussian splats; class names come from comments "label <index> <name>".

    Raises:
        ValueError: When the file is truncated, is no PLY, or has no vertices with x, y, z.
    """
    ply = parse_ply(path)
    names = [element.name for element in ply.elements]
    if 'vertex' not in names:
        raise ValueError(f'expected a vertex element, got {names}')
    vertex = ply['vertex']
    columns = {field.name: vertex[field.name] for field in vertex.properties}
    return make_scan(**arrays_from_columns(columns), label_names=_label_names(read_ply_header(path).comments))


def _label_names(comments: tuple) -> tuple | None:
    """Class names in the order of their index, or None when the comments name none."""
    entries = [c[len(LABEL_COMMENT) :].split(' ', 1) for c in comments if c.startswith(LABEL_COMMENT)]
    named = {int(e[0]): e[1] for e in entries if len(e) == 2 and e[0].isdecimal()}
    if sorted(named) != list(range(len(named))) or not named:
        return None
    return tuple(named[i] for i in range(len(named)))
