"""Memory, time and labels of a large scene in chunks against those in one piece.

``python -m swin3d_mmdet3d.tools.benchmark_chunks CONFIG [--points 3000000] [--chunk-size 4] [--compare]``
labels a generated room of boxes with a network of random weights. Each way runs in a process of its own, so
that the peak memory is that way's, everything included.
"""

from __future__ import annotations

import argparse
import multiprocessing
import resource
import sys
import time
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from mmengine.config import Config
from mmengine.logging import MMLogger
from terminaltables import AsciiTable

from ..help_only import HELP_ONLY
from .benchmark import boxes_room, model_points
from .command_line import CommandLine
from .mistakes import run_tool

if not HELP_ONLY:
    import torch
    from mmdet3d.registry import MODELS
    from mmengine.registry import init_default_scope
    from torch import nn

    from ..apis.config_files import read_config_file
    from ..finite_values import check_finite_outputs


class LabelledScene(NamedTuple):
    """One row of the table, and the labels ``(P,)`` int64 of the points."""

    voxels: int
    seconds: float
    peak_gb: float
    labels: np.ndarray


def spread_weights(model: nn.Module) -> None:
    """Random weights that tell voxels apart, unlike the small ones of a fresh network."""
    for module in model.modules():
        if isinstance(module, nn.Linear):
            nn.init.normal_(module.weight, std=module.in_features**-0.5)
    for name, parameter in model.named_parameters():
        if name.endswith('_table'):
            nn.init.normal_(parameter, std=0.2)


def label_scene(config: Config, num_points: int, chunk_size: float | None) -> LabelledScene:
    """Label a generated room, in chunks of ``chunk_size`` metres or, for None, in one piece."""
    init_default_scope('mmdet3d')
    torch.manual_seed(0)
    whole = dict(mode='whole')
    chunks = dict(mode='chunks', chunk_size=chunk_size, max_voxels=1)
    config.model.test_cfg = whole if chunk_size is None else chunks
    model = MODELS.build(config.model).eval()
    spread_weights(model)
    cloud = model_points(model, boxes_room(num_points))
    start = time.perf_counter()
    with torch.no_grad():
        batch = model.data_preprocessor.voxelize_points([cloud])
        (logits,) = model.encode_decode(vars(batch), [])
    check_finite_outputs(logits, [])
    seconds = time.perf_counter() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2
    return LabelledScene(len(batch.voxels), seconds, peak, logits.argmax(dim=1).numpy())


def parse_arguments(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = CommandLine(description=__doc__)
    parser.add_argument('config', help='config of the model, by path or name')
    parser.add_argument('--points', type=int, default=3_000_000)
    parser.add_argument('--chunk-size', type=float, default=4.0, help='edge of a chunk in metres')
    parser.add_argument('--compare', action='store_true', help='label the scene in one piece as well')
    return parser.parse_args(arguments)


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and log the table."""
    args = parse_arguments(arguments)
    logger = MMLogger.get_instance('swin3d_mmdet3d')
    config = read_config_file(args.config)
    rows = [['way', 'voxels', 'seconds', 'peak GB']]
    ways = {f'chunks of {args.chunk_size:g} m': args.chunk_size}
    if args.compare:
        ways['one piece'] = None
    labels = []
    for name, chunk_size in ways.items():
        with multiprocessing.get_context('spawn').Pool(1) as pool:
            scene = pool.apply(label_scene, (config, args.points, chunk_size))
        labels.append(scene.labels)
        rows.append([name, scene.voxels, f'{scene.seconds:.1f}', f'{scene.peak_gb:.2f}'])
        logger.info(f'{name}: {scene.peak_gb:.2f} GB, {len(np.unique(scene.labels))} classes occur')
    logger.info(
        f'{args.config}, {args.points} points, {torch.get_num_threads()} threads\n{AsciiTable(rows).table}'
    )
    if args.compare:
        logger.info(f'labels differ at {100 * np.mean(labels[0] != labels[1]):.5f} % of the points')
    return 0


if __name__ == '__main__':
    sys.exit(run_tool(main))
