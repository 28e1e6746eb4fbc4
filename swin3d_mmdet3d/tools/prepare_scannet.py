"""Command line for ScanNet: `python -m swin3d_mmdet3d.tools.prepare_scannet RAW OUT`."""

from __future__ import annotations

import argparse
import sys

from ..help_only import HELP_ONLY
from .command_line import add_download_arguments
from .mistakes import run_tool

if not HELP_ONLY:
    from ..preparation import exit_status, prepare_scannet


def parse_arguments(arguments: list[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description='Prepare a raw download of ScanNet.')
    add_download_arguments(parser, raw='folder with scans, scans_test and the label map')
    parser.add_argument(
        '--splits', help='folder with scannetv2_{train,val,test}.txt; by default RAW or RAW/meta_data'
    )
    return parser.parse_args(arguments)


def main(arguments: list[str] | None = None) -> int:
    """Prepare the scans; return the exit status, 1 if any failed."""
    args = parse_arguments(arguments)
    return exit_status(prepare_scannet, **vars(args))


if __name__ == '__main__':
    sys.exit(run_tool(main))
