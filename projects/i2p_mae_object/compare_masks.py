"""Guided, released and random masks and a random network by the linear SVM, on generated objects.

A result that is in the folder is not measured again: a comparison that was stopped goes on where it stopped.
"""

from __future__ import annotations

import argparse
import json
import math
from pathlib import Path
from typing import Any

import torch
from mmengine.config import Config
from mmengine.runner import Runner

import swin3d_mmdet3d  # noqa: F401  registers the package's classes
from swin3d_mmdet3d.apis import set_iterations
from swin3d_mmdet3d.atomic_write import atomic_write
from swin3d_mmdet3d.comparison.results import provenance
from swin3d_mmdet3d.comparison.runs import room_config, train
from swin3d_mmdet3d.synthetic_objects import ObjectOptions, make_objects

CONFIG = 'pretraining/i2p_mae_object/i2p_mae_object_swin3d-tiny_rooms.py'
ARMS: dict[str, dict | None] = {
    'random-network': None,
    'guided': dict(),
    'released': dict(standardize=False),
    'random': dict(temperature=math.inf),
}
"""What each arm changes of the masker; None for no training."""


def measure(arm: str, config: Config) -> dict[str, Any]:
    """Train and test one arm: scores of the SVM, and the CPU seconds of the training."""
    if ARMS[arm] is None:
        return dict(Runner.from_cfg(config).test(), cpu_seconds=0.0)
    config.model.masker.update(ARMS[arm])
    runner, seconds = train(config)
    return dict(runner.test(), cpu_seconds=round(seconds, 1))


def main() -> None:
    """Measure every arm of every seed that has no result yet."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--out', type=Path, default=Path(__file__).parent / 'results')
    parser.add_argument('--work-dir', type=Path, default=Path('work_dirs/compare_masks'))
    parser.add_argument('--seeds', type=int, nargs='+', default=[0, 1, 2, 3, 4])
    parser.add_argument('--steps', type=int, default=60)
    parser.add_argument('--batch-size', type=int, default=8)
    parser.add_argument('--train', type=int, default=8, help='objects of each kind to train on')
    parser.add_argument('--test', type=int, default=4, help='objects of each kind to test on')
    parser.add_argument('--objects-seed', type=int, default=11, help='no recipe was tuned on those of 11')
    args = parser.parse_args()
    torch.set_num_threads(1)
    options = ObjectOptions(args.train, args.test, points=1024, seed=args.objects_seed)
    root = args.work_dir / f'objects{args.objects_seed}'
    make_objects(root / 'objects', options, workers=1)
    for seed in args.seeds:
        for arm in ARMS:
            path = args.out / f'{arm}_seed{seed}.json'
            if path.is_file():
                continue
            config = room_config(CONFIG, root, args.work_dir / f'{arm}_seed{seed}', seed)
            set_iterations(config, args.steps)
            config.train_dataloader.batch_size = args.batch_size
            asked = dict(
                arm=arm, seed=seed, steps=args.steps, batch_size=args.batch_size, objects=vars(options)
            )
            numbers = dict(asked, **measure(arm, config), **provenance())
            with atomic_write(path) as part:
                part.write_text(json.dumps(numbers, indent=1) + '\n')


if __name__ == '__main__':
    main()
