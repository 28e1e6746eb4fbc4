"""Command line of the generator of objects: `python -m swin3d_mmdet3d.tools.make_objects`."""

from __future__ import annotations

import argparse
import sys

from ..help_only import HELP_ONLY
from .command_line import exit_status
from .mistakes import run_tool

if not HELP_ONLY:
    from ..synthetic_objects import ObjectOptions, make_objects


def parse_arguments(arguments: list[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description='Generate labelled clouds of objects.')
    parser.add_argument('--out', required=True, help='folder of the data set')
    parser.add_argument('--train', type=int, help='objects of each kind to train on')
    parser.add_argument('--test', type=int, help='objects of each kind to test on')
    parser.add_argument('--points', type=int, help='points of an object')
    parser.add_argument(
        '--cut',
        type=float,
        nargs=2,
        metavar=('LEAST', 'MOST'),
        help='share of an object that a plane takes away',
    )
    parser.add_argument('--noise', type=float, help='in radii of the unit sphere')
    parser.add_argument('--seed', type=int)
    parser.add_argument('--workers', type=int, default=None, help='processes; all cores by default')
    return parser.parse_args(arguments)


def main(arguments: list[str] | None = None) -> int:
    """Generate the objects that the command line asks for; return the exit status, 1 if any failed."""
    args = vars(parse_arguments(arguments))
    out, workers = args.pop('out'), args.pop('workers')
    given = {name: value for name, value in args.items() if value is not None}
    if 'cut' in given:
        given['cut'] = tuple(given['cut'])
    return exit_status(lambda: make_objects(out, ObjectOptions(**given), workers))


if __name__ == '__main__':
    sys.exit(run_tool(main))
