"""Checks a data set of objects against its publication: `python -m swin3d_mmdet3d.tools.check_objects`."""

from __future__ import annotations

import argparse
import logging
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from mmengine.logging import print_log
from mmengine.utils import track_iter_progress

from ..help_only import HELP_ONLY
from .command_line import OneOf
from .mistakes import run_tool

if not HELP_ONLY:
    from ..datasets.layout.object_layouts import PUBLISHED_COUNTS, open_objects


def parse_arguments(arguments: list[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description='Check a data set of objects.')
    parser.add_argument(
        'layout',
        type=OneOf('datasets.layout.object_layouts', 'OBJECT_LAYOUTS'),
        metavar='LAYOUT',
        help='modelnet40-txt, modelnet40-h5, modelnet40-off, shapenet55, scanobjectnn-obj-bg, '
        'scanobjectnn-obj-only, scanobjectnn-pb-t50-rs or shapenetpart',
    )
    parser.add_argument('data_root', type=Path)
    parser.add_argument('--read', action='store_true', help='read every object, not the first and last alone')
    return parser.parse_args(arguments)


def faults(layout: str, root: Path, read: bool = False) -> Iterator[str]:
    """What is wrong with a data set, a line each: counts, missing classes, files that do not read.

    Args:
        layout: Name in ``OBJECT_LAYOUTS``.
        root: Folder of the data set.
        read: Read every object; otherwise the first and the last of each split.
    """
    num_classes, counts = PUBLISHED_COUNTS[layout]
    for split, count in counts.items():
        try:
            objects = open_objects(layout, root, split)
        except ValueError as error:
            yield f'{split}: {error}'
            continue
        if len(objects.classes) != num_classes:
            yield f'{split}: expected {num_classes} classes, got {len(objects.classes)}'
        if len(objects.labels) != count:
            yield f'{split}: expected {count} objects, got {len(objects.labels)}'
        present = np.unique(objects.labels)
        if len(present) != len(objects.classes) or present[-1] >= len(objects.classes):
            yield f'{split}: objects are of the labels {present.tolist()}, of {len(objects.classes)} classes'
        rows = range(len(objects.labels))
        for row in track_iter_progress(list(rows)) if read else sorted({rows[0], rows[-1]}):
            try:
                points, parts = objects.points(row), objects.parts(row)
                if parts is not None and len(parts) != len(points):
                    yield f'{split}: {objects.names[row]} has {len(points)} points and {len(parts)} parts'
            except ValueError as error:
                yield f'{split}: {error}'


def main(arguments: list[str] | None = None) -> int:
    """Log what is wrong; return the exit status, 1 if anything is."""
    args = parse_arguments(arguments)
    found = list(faults(args.layout, args.data_root, args.read))
    for line in found:
        print_log(line, 'current', logging.ERROR)
    if not found:
        print_log(
            f'{args.data_root} is {args.layout} as published: {PUBLISHED_COUNTS[args.layout]}', 'current'
        )
    return 1 if found else 0


if __name__ == '__main__':
    sys.exit(run_tool(main))
