"""Command line for Structured3D: `python -m swin3d_mmdet3d.tools.prepare_structured3d RAW OUT`."""

from __future__ import annotations

import argparse
import sys

from ..help_only import HELP_ONLY
from .command_line import CommandLine, add_download_arguments
from .mistakes import run_tool

if not HELP_ONLY:
    from ..preparation import exit_status, prepare_structured3d


def parse_arguments(arguments: list[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = CommandLine(description='Prepare the renders of Structured3D.')
    add_download_arguments(parser, raw='folder Structured3D of the unpacked archives')
    parser.add_argument(
        '--voxel-size', type=float, default=0.01, help='one point is kept in each voxel of so many metres'
    )
    parser.add_argument(
        '--perspective', action='store_true', help='join the perspective renders to the panoramas'
    )
    return parser.parse_args(arguments)


def main(arguments: list[str] | None = None) -> int:
    """Prepare the rooms; return the exit status, 1 if any failed."""
    args = parse_arguments(arguments)
    return exit_status(prepare_structured3d, **vars(args))


if __name__ == '__main__':
    sys.exit(run_tool(main))
