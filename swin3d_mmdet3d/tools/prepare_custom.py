"""Command line for one's own scans: `python -m swin3d_mmdet3d.tools.prepare_custom SCANS_DIR OUT`."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from mmengine.logging import print_log

from ..help_only import HELP_ONLY
from .command_line import CommandLine, add_frame_options
from .mistakes import run_tool

if not HELP_ONLY:
    from ..apis.config_files import config_folders
    from ..preparation import OwnFrame, exit_status, prepare_custom
    from ..preparation.own_configs import write_own_configs


def parse_arguments(arguments: list[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = CommandLine(description="Prepare one's own labelled scans for training.")
    parser.add_argument('scans', help='folder of scans (docs/scan_files.md says of which kinds)')
    parser.add_argument('out', help='folder of the prepared data set and its configs')
    parser.add_argument(
        '--classes',
        nargs='+',
        metavar='NAME[=ID,ID]',
        help='classes in the order of their labels, with their ids in the scans; '
        'default: classes.json or classes.txt of the folder, else what the scans hold',
    )
    parser.add_argument(
        '--unlabelled',
        nargs='+',
        type=int,
        default=[-1, 255],
        metavar='ID',
        help='ids of points without a class',
    )
    parser.add_argument(
        '--val-share', type=float, default=0.2, help='share of scans to validate on, without lists'
    )
    parser.add_argument(
        '--test-share', type=float, default=0.0, help='share of scans to test on, without lists'
    )
    parser.add_argument('--seed', type=int, default=0, help='seed of the draw of the shares')
    add_frame_options(parser)
    parser.add_argument('--workers', type=int, default=None, help='processes; all cores by default')
    args = parser.parse_args(arguments)
    if not 0 < args.unit_scale < float('inf'):
        parser.error(f'--unit-scale: expected a number above zero, got {args.unit_scale}')
    return args


def main(arguments: list[str] | None = None) -> int:
    """Prepare the scans and write the configs; return the exit status, 1 if any scan failed."""
    args = parse_arguments(arguments)
    status = exit_status(
        prepare_custom,
        scans=args.scans,
        out=args.out,
        classes=args.classes,
        unlabelled=args.unlabelled,
        shares=(args.val_share, args.test_share),
        seed=args.seed,
        frame=OwnFrame(args.unit_scale, args.up),
        workers=args.workers,
    )
    if (Path(args.out) / 'custom_infos_train.pkl').is_file():
        for path in write_own_configs(Path(args.out), config_folders()[0]):
            print_log(f'wrote {path}', logger='current')
    return status


if __name__ == '__main__':
    sys.exit(run_tool(main))
