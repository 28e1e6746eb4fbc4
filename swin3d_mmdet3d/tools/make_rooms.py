"""Command line of the room generator: `python -m swin3d_mmdet3d.tools.make_rooms`."""

from __future__ import annotations

import argparse
import sys

from ..help_only import HELP_ONLY
from .command_line import OneOf, exit_status
from .mistakes import run_tool

if not HELP_ONLY:
    from ..synthetic_rooms import make_rooms


def parse_arguments(arguments: list[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description='Generate labelled indoor rooms.')
    parser.add_argument(
        '--domain',
        type=OneOf('synthetic_rooms.domains', 'DOMAINS'),
        default='s3dis',
        metavar='DOMAIN',
        help='whose layout and classes: s3dis, scannet or structured3d',
    )
    parser.add_argument('--out', required=True, help='folder of the data set')
    parser.add_argument('--rooms', type=int, default=40)
    parser.add_argument('--points', type=int, default=50000, help='points per room')
    parser.add_argument('--frames', type=int, default=0, help='RGB-D frames per room')
    parser.add_argument('--frame-size', type=int, nargs=2, default=(640, 480), metavar=('WIDTH', 'HEIGHT'))
    parser.add_argument('--seed', type=int, default=0)
    parser.add_argument('--workers', type=int, default=None, help='processes; all cores by default')
    return parser.parse_args(arguments)


def main(arguments: list[str] | None = None) -> int:
    """Generate the rooms that the command line asks for; return the exit status, 1 if any failed."""
    args = parse_arguments(arguments)
    return exit_status(
        lambda: make_rooms(
            domain=args.domain,
            out=args.out,
            num_rooms=args.rooms,
            points_per_room=args.points,
            frames_per_room=args.frames,
            seed=args.seed,
            workers=args.workers,
            frame_size=tuple(args.frame_size),
        )
    )


if __name__ == '__main__':
    sys.exit(run_tool(main))
