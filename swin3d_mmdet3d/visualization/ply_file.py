"""PLY files of any elements, with comments in any language."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence

from plyfile import PlyData, PlyElement

from ..atomic_write import atomic_write


def write_ply_elements(
    path: str | os.PathLike, elements: Sequence[PlyElement], comments: Sequence[str] = ()
) -> None:
    """Write a binary PLY.

    Args:
        path: The file; it appears whole or not at all.
        elements: Of the file.
        comments: Lines of the header, in UTF-8; line ends within them become blanks.
    """
    lines = [re.sub(r'[\r\n]+', ' ', comment).encode('utf-8') for comment in comments]
    # plyfile writes ASCII alone: the bytes of each comment take the place of as many others.
    data = PlyData(elements, byte_order='<', comments=['?' * len(line) for line in lines])
    with atomic_write(path) as part:
        data.write(str(part))
        with open(part, 'r+b') as file:
            head, place = file.read(len(data.header) + 1), 0
            for line in lines:
                place = head.index(b'\ncomment ', place) + len(b'\ncomment ')
                file.seek(place)
                file.write(line)
