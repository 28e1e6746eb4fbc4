"""Generates rooms, trains on them and draws what was learned: `python -m swin3d_mmdet3d.tools.demo`."""

from __future__ import annotations

import argparse
import dataclasses
import sys
import time
from pathlib import Path
from typing import NamedTuple

import numpy as np
from mmengine.config import Config
from mmengine.logging import MMLogger

from ..help_only import HELP_ONLY
from .mistakes import run_tool

if not HELP_ONLY:
    from mmengine.runner import Runner

    from ..apis import (
        Swin3DInferencer,
        find_config,
        make_scan,
        set_iterations,
    )
    from ..apis.labelled_scan_files import DEFAULT_FORMATS
    from ..checkpoints.writer import write_checkpoint
    from ..datasets.wrapped_settings import innermost_dataset
    from ..engine.progress_lines import ProgressLines
    from ..evaluation import (
        ConfusionSegMetric,
        SegmentationScores,
        confusion_matrix,
        scores_table,
        segmentation_scores,
    )
    from ..synthetic_rooms import make_rooms

CONFIG = 'swin3d/swin3d-tiny_rooms-seg.py'


def demo_logger() -> MMLogger:
    """The demo's own logger; that of the run tells warnings alone."""
    return MMLogger.get_instance('demo')


def parse_arguments(arguments: list[str] | None = None) -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(description='Train a tiny Swin3D on generated rooms.')
    parser.add_argument('--out', default='demo_output', help='folder for rooms, checkpoint and pictures')
    parser.add_argument('--seed', type=int, default=0)
    parser.add_argument('--rooms', type=int, default=72, help='rooms to generate, a sixth of them held out')
    parser.add_argument('--points', type=int, default=50000, help='points per room')
    parser.add_argument('--iters', type=int, help="training iterations; the config's by default")
    parser.add_argument('--pictures', type=int, default=3, help='held-out rooms to draw')
    parser.add_argument('--config', default=CONFIG, help='config file, or the name of one of this package')
    return parser.parse_args(arguments)


def demo_config(args: argparse.Namespace, rooms: Path) -> Config:
    """The config of the demo, pointed at the generated rooms."""
    config = Config.fromfile(find_config(args.config))
    for loader in (config.train_dataloader, config.val_dataloader, config.test_dataloader):
        innermost_dataset(loader).data_root = str(rooms)
    if args.iters is not None:
        set_iterations(config, args.iters)
    # The held-out rooms are evaluated once, by the test loop.
    config.val_dataloader = config.val_cfg = config.val_evaluator = None
    config.default_hooks.checkpoint = dict(
        type='AtomicCheckpointHook', by_epoch=False, interval=config.train_cfg.max_iters, max_keep_ckpts=1
    )
    config.randomness = dict(seed=args.seed)
    # The log of a whole run has hundreds of lines; the demo shows its own.
    config.log_level = 'WARNING'
    config.work_dir = str(Path(args.out) / 'training')
    return config


class Room(NamedTuple):
    """Files of a held-out room."""

    points: Path
    normals: Path
    mask: Path


def held_out_rooms(runner: Runner) -> list[Room]:
    """The rooms of the test data set."""
    dataset = runner.test_dataloader.dataset
    infos = [dataset.get_data_info(i) for i in range(len(dataset))]
    return [
        Room(
            Path(info['lidar_points']['lidar_path']),
            Path(info['normals_path']),
            Path(info['pts_semantic_mask_path']),
        )
        for info in infos
    ]


def evaluate(runner: Runner) -> SegmentationScores:
    """Scores over all points of the held-out rooms.

    Raises:
        ValueError: The config's test_evaluator has no ConfusionSegMetric.
    """
    runner.test()
    for metric in runner.test_loop.evaluator.metrics:
        if isinstance(metric, ConfusionSegMetric):
            return segmentation_scores(metric.matrix)
    raise ValueError('config: test_evaluator must have a ConfusionSegMetric, got none')


def save_model(runner: Runner, path: Path) -> Path:
    """Write the trained weights and the classes alone, which load without pickle."""
    metainfo = runner.test_dataloader.dataset.metainfo
    palette = [[int(channel) for channel in color] for color in metainfo['palette']]
    meta = dict(dataset_meta=dict(classes=list(metainfo['classes']), palette=palette))
    write_checkpoint(path, dict(meta=meta, state_dict=runner.model.state_dict()))
    return path


def draw_rooms(inferencer: Swin3DInferencer, rooms: list[Room], out: Path) -> list[Path]:
    """Label rooms from their files, as `predict` does, and write the results."""
    written = []
    for room in rooms:
        name = room.points.stem
        columns = np.fromfile(room.points, dtype=np.float32).reshape(-1, 6)
        normals = np.fromfile(room.normals, dtype=np.float32).reshape(-1, 3)
        scan = make_scan(columns[:, :3], columns[:, 3:].astype(np.uint8), normals)
        truth = np.fromfile(room.mask, dtype=np.int64)
        prediction = dataclasses.replace(inferencer(scan), name=name)
        written += prediction.save(out, (*DEFAULT_FORMATS, 'html'), truth)
        scores = segmentation_scores(confusion_matrix(truth, prediction.labels, len(inferencer.names)))
        demo_logger().info(f'{name}: mIoU {scores.mean_iou:.4f}')
    return written


def main(arguments: list[str] | None = None) -> None:
    """Run the whole demo; the last line on the standard output is `mIoU <value>`."""
    args = parse_arguments(arguments)
    start, out = time.time(), Path(args.out)
    logger = demo_logger()

    def step(text: str) -> None:
        logger.info(f'[{time.time() - start:4.0f} s] {text}')

    step(f'generating {args.rooms} rooms')
    rooms = make_rooms(
        's3dis', str(out / 'rooms'), num_rooms=args.rooms, points_per_room=args.points, seed=args.seed
    )
    config = demo_config(args, rooms)
    step(f'training {config.train_cfg.max_iters} iterations')
    runner = Runner.from_cfg(config)
    runner.register_hook(ProgressLines(logger))
    runner.train()
    step('evaluating the held-out rooms')
    names = tuple(runner.test_dataloader.dataset.metainfo['classes'])
    scores = evaluate(runner)
    drawn = held_out_rooms(runner)[: args.pictures]
    step(f'drawing {len(drawn)} of them')
    model = save_model(runner, out / 'model.pth')
    inferencer = Swin3DInferencer(config, model)
    written = draw_rooms(inferencer, drawn, out / 'pictures')
    step('done')
    files = '\n'.join(map(str, [model, *written]))
    sys.stdout.write(f'{files}\n{scores_table(scores, names)}\nmIoU {scores.mean_iou:.4f}\n')
    sys.stdout.flush()


if __name__ == '__main__':
    sys.exit(run_tool(main))
