"""PPKT on generated rooms against no pretraining: fine-tuning on two labelled rooms and linear probes.

For each seed a student is pretrained without labels, then
    fine-tuned on two labelled rooms         and the same network trained from scratch for as long,
    read by one linear layer (frozen)        and a network of random weights read by one,
each evaluated on the held-out area. `python projects/ppkt/room_experiment.py --out OUT` prints the table.
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
from swin3d_mmdet3d.datasets.transforms.points.crops import ANCHORS
from swin3d_mmdet3d.synthetic_rooms import make_rooms

PRETRAIN = 'pretraining/ppkt/ppkt_swin3d-tiny_rooms.py'
FINETUNE = 'transfer/swin3d-tiny_rooms-seg_few.py'
PROBE = 'transfer/swin3d-tiny_rooms-seg_probe.py'
NUM_TRAINING_AREAS = 5
LABELLED_ROOMS = 2
PROBED_ROOMS = 10
ARMS = ('fine-tuned', 'scratch', 'probe', 'random probe')


def parse_arguments(arguments: list[str] | None = None) -> argparse.Namespace:
    """Parses the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--out', default='ppkt_rooms', help='folder of rooms, runs and results')
    parser.add_argument('--seeds', type=int, nargs='+', default=[0, 1, 2])
    parser.add_argument('--rooms', type=int, default=60, help='rooms to generate, a sixth of them held out')
    parser.add_argument('--points', type=int, default=30000, help='points per room')
    parser.add_argument('--frames', type=int, default=6, help='RGB-D frames per room')
    parser.add_argument(
        '--anchor', choices=ANCHORS, default='matched', help='what the crops of pretraining lie around'
    )
    parser.add_argument('--pretrain-iters', type=int, help="the config's by default")
    parser.add_argument('--finetune-iters', type=int, help="the config's by default")
    parser.add_argument('--probe-iters', type=int, help="the config's by default")
    return parser.parse_args(arguments)


def run_config(name: str, rooms: Path, work_dir: Path, seed: int, iters: int | None) -> Config:
    """A config of this package on the generated rooms."""
    config = Config.fromfile(find_config(name))
    set_data_root(config, rooms)
    if iters is not None:
        set_iterations(config, iters)
    config.val_dataloader = config.val_cfg = config.val_evaluator = None
    config.default_hooks.checkpoint = None
    config.randomness = dict(seed=seed)
    config.log_level = 'WARNING'
    config.work_dir = str(work_dir)
    config.experiment_name = f'{work_dir.parent.name}-{work_dir.name}-{time.time_ns()}'
    return config


def set_anchor(config: Config, anchor: str) -> None:
    """Lay the crops of the training samples around points of frames ('matched') or around any ('random')."""
    for step in config.train_dataloader.dataset.pipeline:
        if step.type == 'SphereCrop':
            step.anchor = anchor


def pretrain(args: argparse.Namespace, rooms: Path, folder: Path, seed: int) -> tuple[Path, dict]:
    """Pretrain a student; its weights, and how long it took."""
    config = run_config(PRETRAIN, rooms, folder / 'pretraining', seed, args.pretrain_iters)
    set_anchor(config, args.anchor)
    start = time.time()
    Runner.from_cfg(config).train()
    return folder / 'pretraining' / 'student.pth', dict(pretraining_seconds=time.time() - start)


def labelled_miou(
    name: str,
    rooms: Path,
    folder: Path,
    seed: int,
    iters: int | None,
    student: Path | None,
    scenes: list[int],
) -> float:
    """Held-out mIoU in percent after training on labelled rooms, from a student or from random weights."""
    config = run_config(name, rooms, folder, seed, iters)
    for part in ('backbone', 'neck'):
        if student is None:
            config.model[part].init_cfg = None
        else:
            config.model[part].init_cfg.checkpoint = str(student)
    config.train_dataloader.dataset.dataset.indices = scenes
    runner = Runner.from_cfg(config)
    runner.train()
    return 100 * float(runner.test()['miou'])


def labelled_scenes(num_rooms: int, count: int, seed: int) -> list[int]:
    """Which of the training areas' rooms have labels; another choice for each seed."""
    held_out = num_rooms // (NUM_TRAINING_AREAS + 1)
    chosen = np.random.default_rng(seed).permutation(num_rooms - held_out)[:count]
    return sorted(int(scene) for scene in chosen)


def run_seed(args: argparse.Namespace, rooms: Path, seed: int) -> dict:
    """All arms of one seed; mIoU in percent."""
    folder = Path(args.out) / args.anchor / f'seed{seed}'
    two = labelled_scenes(args.rooms, LABELLED_ROOMS, seed)
    ten = labelled_scenes(args.rooms, PROBED_ROOMS, seed)
    student, result = pretrain(args, rooms, folder, seed)
    arms = {
        'fine-tuned': (FINETUNE, args.finetune_iters, student, two),
        'scratch': (FINETUNE, args.finetune_iters, None, two),
        'probe': (PROBE, args.probe_iters, student, ten),
        'random probe': (PROBE, args.probe_iters, None, ten),
    }
    for arm, (name, iters, weights, scenes) in arms.items():
        work_dir = folder / arm.replace(' ', '-')
        result[arm] = labelled_miou(name, rooms, work_dir, seed, iters, weights, scenes)
        experiment_logger().info(f'seed {seed}: {arm} {result[arm]:.1f}')
    return dict(seed=seed, **result)


def table(results: list[dict]) -> str:
    """The results of all seeds and their medians, in percent."""
    gains = [(r['fine-tuned'] - r['scratch'], r['probe'] - r['random probe']) for r in results]
    rows = [['seed', *ARMS, 'gain', 'probe gain', 'pretraining [s]']]
    columns = [[r[arm] for arm in ARMS] + list(gain) for r, gain in zip(results, gains)]
    for result, values in zip(results, columns):
        seconds = f'{result["pretraining_seconds"]:.0f}'
        rows.append([str(result['seed']), *(f'{value:.1f}' for value in values), seconds])
    rows.append(['median', *(f'{value:.1f}' for value in np.median(columns, axis=0)), ''])
    return AsciiTable(rows).table


def experiment_logger() -> MMLogger:
    """The experiment's own logger; those of its runs tell warnings alone."""
    return MMLogger.get_instance('room_experiment')


def main(arguments: list[str] | None = None) -> None:
    """Runs the experiment; seeds whose results are in the folder are not run again."""
    args = parse_arguments(arguments)
    out = Path(args.out)
    rooms = make_rooms(
        's3dis', out / 'rooms', args.rooms, args.points, frames_per_room=args.frames, frame_size=(320, 240)
    )
    results = []
    for seed in args.seeds:
        path = out / args.anchor / f'seed{seed}.json'
        if not path.is_file():
            result = run_seed(args, rooms, seed)
            with atomic_write(path) as part:
                part.write_text(json.dumps(result))
        results.append(json.loads(path.read_text()))
        sys.stdout.write(f'{table(results)}\n')
        sys.stdout.flush()


if __name__ == '__main__':
    main()
