"""Command line that cuts objects out of scans: `python -m swin3d_mmdet3d.tools.make_instance_bank`."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from mmengine.logging import print_log

from ..help_only import HELP_ONLY
from .mistakes import run_tool

if not HELP_ONLY:
    from mmdet3d.registry import DATASETS

    from ..apis.config_files import read_config_file
    from ..datasets.wrapped_settings import innermost_dataset
    from ..preparation.instance_bank import make_instance_bank


def parse_arguments(arguments: list[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description='Cut objects of rare classes out of the scans that a recipe trains on.'
    )
    parser.add_argument('config', help='recipe of segmentation, such as swin3d-small_scannet200-seg')
    parser.add_argument('--out', required=True, help='folder of the bank')
    chosen = parser.add_mutually_exclusive_group()
    chosen.add_argument('--group', default='tail', help='group of classes of the data set; tail by default')
    chosen.add_argument('--classes', nargs='+', help='names of classes')
    parser.add_argument('--min-points', type=int, default=50, help='fewest points of an object')
    parser.add_argument('--data-root', help='folder of the data set')
    return parser.parse_args(arguments)


def main(arguments: list[str] | None = None) -> None:
    """Write the bank that the command line asks for."""
    args = parse_arguments(arguments)
    config = read_config_file(args.config, args.data_root)
    dataset = DATASETS.build(dict(innermost_dataset(config.train_dataloader), pipeline=[]))
    groups = dataset.metainfo.get('class_groups', {})
    if not args.classes and args.group not in groups:
        raise ValueError(
            f'--group must be one of {tuple(groups)}, got {args.group!r}; --classes names classes'
        )
    counts = make_instance_bank(dataset, Path(args.out), args.classes or groups[args.group], args.min_points)
    print_log(f'{sum(counts.values())} objects of {len(counts)} classes: {args.out}', logger='current')


if __name__ == '__main__':
    sys.exit(run_tool(main))
