"""Command line for S3DIS: `python -m swin3d_mmdet3d.tools.prepare_s3dis RAW OUT`."""

from __future__ import annotations

import argparse
import sys

from ..help_only import HELP_ONLY
from .command_line import add_download_arguments
from .mistakes import run_tool

if not HELP_ONLY:
    from ..preparation import exit_status, prepare_s3dis


def parse_arguments(arguments: list[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description='Prepare a raw download of S3DIS.')
    add_download_arguments(parser, raw='folder Stanford3dDataset_v1.2_Aligned_Version')
    parser.add_argument(
        '--no-normals', dest='normals', action='store_false', help='leave out the estimation of normals'
    )
    return parser.parse_args(arguments)


def main(arguments: list[str] | None = None) -> int:
    """Prepare the rooms; return the exit status, 1 if any failed."""
    args = parse_arguments(arguments)
    return exit_status(prepare_s3dis, **vars(args))


if __name__ == '__main__':
    sys.exit(run_tool(main))
