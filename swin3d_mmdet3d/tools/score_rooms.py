"""Train and test detection configs on generated rooms and print one table of their mAP.

``python -m swin3d_mmdet3d.tools.score_rooms CONFIG... [--out work_dirs/score_rooms]`` generates the rooms
that the configs ask for where they are not there yet.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from mmengine.config import Config
from mmengine.logging import MMLogger
from terminaltables import AsciiTable

from ..help_only import HELP_ONLY
from .mistakes import run_tool

if not HELP_ONLY:
    from mmengine.runner import Runner

    from ..apis import find_config
    from ..datasets.wrapped_settings import innermost_dataset
    from ..synthetic_rooms import make_rooms

ROOMS = {'ScanNetDetDataset': ('scannet', 160), 'S3DISDetDataset': ('s3dis', 120)}
"""Domain and number of rooms by type of data set; their info files name the held-out ones."""


class Score(NamedTuple):
    """One row of the table."""

    config: str
    map25: float
    map50: float
    minutes: float


def detection_datasets(config: Config) -> list[dict]:
    """The data sets of a detection config, without their wrappers: of training, validation and test."""
    inner = innermost_dataset(config.train_dataloader)
    loaders = (config.val_dataloader, config.test_dataloader)
    return [*inner.get('datasets', [inner]), *(loader.dataset for loader in loaders)]


def prepare_rooms(config: Config, points: int, folder: Path, seed: int) -> None:
    """Generate the rooms of a config's domain below ``folder`` and make the config read them.

    Raises:
        ValueError: If the config's data set is of no domain that has generated rooms with boxes.
    """
    datasets = detection_datasets(config)
    kind = datasets[-1].type
    if kind not in ROOMS:
        raise ValueError(f'config {config.filename} must test on one of {", ".join(ROOMS)}, got {kind}')
    domain, rooms = ROOMS[kind]
    root = make_rooms(domain, folder / f'rooms_{domain}', rooms, points_per_room=points, seed=seed)
    for dataset in datasets:
        dataset.data_root = str(root)


def score(config: Config, name: str) -> Score:
    """Train by the stock runner and test what it ends with."""
    start = time.time()
    runner = Runner.from_cfg(config)
    runner.train()
    minutes = (time.time() - start) / 60
    metrics = runner.test()
    return Score(name, metrics['mAP_0.25'], metrics['mAP_0.50'], minutes)


def parse_arguments(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('configs', nargs='+', metavar='CONFIG', help='detection configs, by path or name')
    parser.add_argument(
        '--out', default='work_dirs/score_rooms', help='folder of rooms, logs and checkpoints'
    )
    parser.add_argument('--points', type=int, default=30000, help='points per room')
    parser.add_argument('--seed', type=int, default=0, help='of rooms and training')
    return parser.parse_args(arguments)


def main(arguments: Sequence[str] | None = None) -> int:
    """Score every config and print the table."""
    args = parse_arguments(arguments)
    out = Path(args.out)
    rows = [['config', 'mAP@.25', 'mAP@.5', 'minutes of training']]
    for name in args.configs:
        config = Config.fromfile(find_config(name))
        prepare_rooms(config, args.points, out, args.seed)
        config.randomness = dict(seed=args.seed)
        config.work_dir = str(out / Path(name).stem)
        row = score(config, Path(name).stem)
        rows.append([row.config, f'{row.map25:.3f}', f'{row.map50:.3f}', f'{row.minutes:.1f}'])
        MMLogger.get_current_instance().info(f'so far:\n{AsciiTable(rows).table}')
    sys.stdout.write(f'{AsciiTable(rows).table}\n')
    sys.stdout.flush()
    return 0


if __name__ == '__main__':
    sys.exit(run_tool(main))
