"""Point prompt training on three generated domains against naive joint training and one model a domain.

For each seed, with the same number of steps in total,
    ppt      one network whose norms know the domain,
    joint    the same network and head with plain norms,
    single   three networks, each trained on its own domain for a third of the steps,
are evaluated on the held-out rooms of every domain. `python projects/ppt/room_experiment.py --out OUT` prints
the table.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path

import numpy as np
from mmengine.config import Config
from mmengine.logging import MMLogger
from mmengine.runner import Runner
from terminaltables import AsciiTable

import swin3d_mmdet3d  # noqa: F401  registers the package's classes
from swin3d_mmdet3d.apis import find_config, set_data_root, set_iterations
from swin3d_mmdet3d.atomic_write import atomic_write
from swin3d_mmdet3d.synthetic_rooms import make_rooms

CONFIG = 'pretraining/ppt/ppt_swin3d-tiny_rooms.py'
ARMS = ('ppt', 'joint', 'single')


def parse_arguments(arguments: list[str] | None = None) -> argparse.Namespace:
    """Parses the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--out', default='ppt_rooms', help='folder of rooms, runs and results')
    parser.add_argument('--seeds', type=int, nargs='+', default=[0, 1, 2])
    parser.add_argument('--arms', nargs='+', choices=ARMS, default=ARMS, help='what to train now')
    parser.add_argument('--rooms', type=int, default=60, help='rooms of each domain')
    parser.add_argument('--points', type=int, default=40000, help='points per room')
    parser.add_argument('--iters', type=int, help="steps in total; the config's by default")
    return parser.parse_args(arguments)


def run_config(rooms: Path, work_dir: Path, seed: int, iters: int | None) -> Config:
    """The config on the generated rooms."""
    config = Config.fromfile(find_config(CONFIG))
    set_data_root(config, rooms / 's3dis')
    if iters is not None:
        set_iterations(config, iters)
    # evaluated once, by the test loop
    config.test_dataloader = config.val_dataloader
    config.val_dataloader = config.val_cfg = config.val_evaluator = None
    config.default_hooks.checkpoint = None
    config.randomness = dict(seed=seed)
    config.log_level = 'WARNING'
    config.work_dir = str(work_dir)
    config.experiment_name = f'{work_dir.parent.name}-{work_dir.name}-{time.time_ns()}'
    return config


def keep_condition(config: Config, condition: str) -> None:
    """Train and evaluate on one domain alone, with plain norms and the same head."""
    index = list(config.model.conditions).index(condition)
    config.model.conditions = [condition]
    config.model.norms = 'shared'
    for loader in (config.train_dataloader, config.test_dataloader):
        loader.dataset.datasets = [loader.dataset.datasets[index]]
    config.train_dataloader.batch_sampler.ratios = [1]
    for name in ('scores', 'class_names'):
        config.test_evaluator[name] = {condition: config.test_evaluator[name][condition]}


def train(config: Config) -> dict[str, float]:
    """Held-out mIoU of each condition in percent."""
    runner = Runner.from_cfg(config)
    runner.train()
    scores = runner.test()
    return {c: 100 * float(scores[f'{c}/miou']) for c in config.model.conditions}


def run_arm(arm: str, args: argparse.Namespace, rooms: Path, seed: int) -> dict[str, float]:
    """Held-out mIoU of each condition after the training of an arm."""
    folder = Path(args.out) / f'seed{seed}' / arm
    if arm != 'single':
        config = run_config(rooms, folder, seed, args.iters)
        config.model.norms = 'shared' if arm == 'joint' else config.model.norms
        return train(config)
    result = {}
    for condition in Config.fromfile(find_config(CONFIG)).model.conditions:
        total = run_config(rooms, folder, seed, args.iters).train_cfg.max_iters
        config = run_config(rooms, folder / condition, seed, total // 3)
        keep_condition(config, condition)
        result.update(train(config))
    return result


def table(results: dict[int, dict[str, dict[str, float]]]) -> str:
    """Every arm's mIoU of every seed by domain, and the means over domains with their medians."""
    conditions = list(next(iter(next(iter(results.values())).values())))
    rows = [['seed', 'arm', *conditions, 'mean']]
    for seed, arms in results.items():
        for arm, scores in arms.items():
            values = [scores[c] for c in conditions]
            rows.append([str(seed), arm, *(f'{v:.1f}' for v in [*values, np.mean(values)])])
    for arm in ARMS:
        runs = [[arms[arm][c] for c in conditions] for arms in results.values() if arm in arms]
        if runs:
            columns = np.column_stack([runs, np.mean(runs, axis=1)])
            rows.append(['median', arm, *(f'{v:.1f}' for v in np.median(columns, axis=0))])
    return AsciiTable(rows).table


def main(arguments: list[str] | None = None) -> None:
    """Runs the experiment; arms whose results are in the folder are not run again."""
    args = parse_arguments(arguments)
    out = Path(args.out)
    for domain in ('structured3d', 'scannet', 's3dis'):
        make_rooms(domain, out / 'rooms' / domain, args.rooms, args.points)
    results: dict[int, dict[str, dict[str, float]]] = {}
    for seed in args.seeds:
        for arm in args.arms:
            path = out / f'seed{seed}-{arm}.json'
            if not path.is_file():
                scores = run_arm(arm, args, out / 'rooms', seed)
                with atomic_write(path) as part:
                    part.write_text(json.dumps(scores))
            results.setdefault(seed, {})[arm] = json.loads(path.read_text())
            means = {a: float(np.mean(list(s.values()))) for a, s in results[seed].items()}
            MMLogger.get_instance('room_experiment').info(f'seed {seed}: {means}')
    sys.stdout.write(f'{table(results)}\n')
    sys.stdout.flush()


if __name__ == '__main__':
    main()
