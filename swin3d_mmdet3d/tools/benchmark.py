"""Time and memory of a network by the number of voxels.

``python -m swin3d_mmdet3d.tools.benchmark CONFIG [--points 25000 50000 100000] [--train]`` runs the config's
model on a generated room of boxes, or on ``--scan FILE`` thinned to each number of points, and prints a
table. Every size runs in a process of its own, so that the peak memory is that size's; so do a detector's
backbone and head, and the back-ends of the ops that ``--backends`` compares.
"""

from __future__ import annotations

import argparse
import itertools
import multiprocessing
import os
import resource
import statistics
import sys
import time
from collections.abc import Iterator, Sequence
from typing import Callable, NamedTuple

import numpy as np
from mmengine.config import Config
from mmengine.logging import MMLogger
from terminaltables import AsciiTable

from ..help_only import HELP_ONLY
from .command_line import CommandLine
from .mistakes import run_tool

if not HELP_ONLY:
    import torch
    from mmdet3d.models.detectors import Base3DDetector
    from mmdet3d.registry import MODELS
    from mmengine.registry import init_default_scope
    from swin3d_ops.op import ENVIRONMENT_VARIABLE
    from torch import Tensor, nn

    from ..apis.config_files import read_config_file
    from ..scan_files import read_scan

DENSITY = 2500
"""Points per square metre of the generated room: about one a voxel of 2 cm."""


class Measurement(NamedTuple):
    """One row of the table; times are medians over the runs after the first."""

    voxels: int
    seconds: float
    cpu_seconds: float
    peak_mb: float


def boxes_room(num_points: int, seed: int = 0) -> np.ndarray:
    """A room with 30 boxes: ``(P, 6)`` xyz in metres, rgb in [-1, 1].

    Its proportions are 8 x 6 x 3; its size is such that a square metre of surface has ``DENSITY`` points
    whatever their number, so that sizes compare.
    """
    rng = np.random.default_rng(seed)
    corners = [np.zeros(3)] + [rng.uniform([0, 0, 0], [7, 5, 0.1]) for _ in range(30)]
    sizes = [np.array([8.0, 6.0, 3.0])] + [rng.uniform(0.3, 1.2, 3) for _ in range(30)]
    areas = np.array([[s[1] * s[2], s[0] * s[2], s[0] * s[1]] for s in sizes])
    box, axis = np.unravel_index(
        rng.choice(areas.size, num_points, p=areas.ravel() / areas.sum()), areas.shape
    )
    place = rng.random((num_points, 3))
    rows = np.arange(num_points)
    place[rows, axis] = rng.integers(0, 2, num_points)
    scale = np.sqrt(num_points / DENSITY / (2 * areas.sum()))
    xyz = (np.array(corners)[box] + place * np.array(sizes)[box]) * scale
    xyz += rng.normal(0, 0.004, xyz.shape)
    colors = rng.uniform(-1, 1, (len(sizes), 3))[box] * rng.uniform(0.7, 1, (num_points, 1))
    return np.hstack([xyz, colors]).astype(np.float32)


def scan_points(path: str, num_points: int, seed: int = 0) -> np.ndarray:
    """A scan thinned to at most ``num_points`` points: ``(P, 6)`` xyz in metres, rgb in [-1, 1]."""
    scan = read_scan(path)
    rows = np.random.default_rng(seed).permutation(len(scan.xyz))[:num_points]
    color = np.zeros((len(rows), 3)) if scan.color is None else scan.color[rows] / 127.5 - 1
    return np.hstack([scan.xyz[rows] - scan.xyz.min(0), color]).astype(np.float32)


def model_points(model: nn.Module, points: np.ndarray) -> Tensor:
    """Points (P, 6) with the columns that a model wants: normals point up, which does not change the cost."""
    cloud = torch.from_numpy(points)
    missing = model.data_preprocessor.num_columns - cloud.shape[1]
    return torch.cat([cloud, torch.eye(3)[2].expand(len(cloud), missing)], dim=1) if missing > 0 else cloud


def part_names(config: Config) -> tuple[str, ...]:
    """The parts of a config's model that are measured one by one."""
    is_detector = issubclass(MODELS.get(config.model.type), Base3DDetector)
    return ('backbone', 'head') if is_detector else ('network',)


def network_part(model: nn.Module, inputs: dict, part: str) -> Callable[[], object]:
    """A function that runs one part of the model and returns its outputs.

    The head of a detector runs on features that the backbone made beforehand.
    """
    if part == 'network':
        return lambda: model.voxel_logits(inputs['feats'], inputs['voxels'])
    if part == 'backbone':
        return lambda: model.extract_feat(inputs)
    with torch.no_grad():
        made = model.extract_feat(inputs)
    levels = tuple((feats.detach().requires_grad_(), voxels) for feats, voxels in made.levels)
    return lambda: model.bbox_head(made._replace(levels=levels))


def outputs_with_gradient(outputs: object) -> Iterator[Tensor]:
    """The tensors in nested tuples and lists that gradients flow through."""
    if isinstance(outputs, Tensor):
        if outputs.requires_grad:
            yield outputs
    elif isinstance(outputs, (tuple, list)):
        for output in outputs:
            yield from outputs_with_gradient(output)


def step(run: Callable[[], object], train: bool) -> None:
    """One forward pass, with its backward pass if ``train``."""
    with torch.set_grad_enabled(train):
        outputs = run()
    if train:
        sum(output.square().mean() for output in outputs_with_gradient(outputs)).backward()


def measure(config: Config, points: np.ndarray, train: bool, runs: int, part: str = 'network') -> Measurement:
    """Build the model, run a part of it ``runs + 1`` times and take medians without the first."""
    init_default_scope('mmdet3d')
    torch.manual_seed(0)
    model = MODELS.build(config.model).train(train)
    batch = model.data_preprocessor.voxelize_points([model_points(model, points)])
    run = network_part(model, vars(batch), part)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    wall, cpu = [], []
    for _ in range(runs + 1):
        start, start_cpu = time.perf_counter(), time.process_time()
        step(run, train)
        wall.append(time.perf_counter() - start)
        cpu.append(time.process_time() - start_cpu)
        model.zero_grad()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    return Measurement(
        len(batch.voxels), statistics.median(wall[1:]), statistics.median(cpu[1:]), peak / 1024
    )


def use_backend(name: str) -> None:
    """Let this process run the ops by a back-end."""
    os.environ[ENVIRONMENT_VARIABLE] = name


def parse_arguments(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = CommandLine(description=__doc__)
    parser.add_argument('config', help='config of the model, by path or name')
    parser.add_argument('--points', type=int, nargs='+', default=[25000, 50000, 100000])
    parser.add_argument('--scan', help='scan file to thin instead of a generated room')
    parser.add_argument('--train', action='store_true', help='forward and backward instead of forward')
    parser.add_argument('--runs', type=int, default=3, help='timed runs after the first')
    parser.add_argument(
        '--voxel-size', type=float, help="edge of a voxel in metres, in place of the config's"
    )
    parser.add_argument(
        '--backends',
        nargs='+',
        metavar='NAME',
        default=[os.environ.get('SWIN3D_OPS', 'auto')],
        help='back-ends of the ops to compare, as in SWIN3D_OPS; by default what that says',
    )
    return parser.parse_args(arguments)


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure each size and log the table."""
    args = parse_arguments(arguments)
    logger = MMLogger.get_instance('swin3d_mmdet3d')
    config = read_config_file(args.config)
    if args.voxel_size is not None:
        config.model.data_preprocessor.voxel_size = args.voxel_size
    init_default_scope('mmdet3d')
    rows = [['part', 'back-end', 'voxels', 'seconds', 'CPU seconds', 'peak MB', 'us / voxel', 'kB / voxel']]
    for num_points in args.points:
        points = scan_points(args.scan, num_points) if args.scan else boxes_room(num_points)
        for part, backend in itertools.product(part_names(config), args.backends):
            with multiprocessing.get_context('spawn').Pool(1, use_backend, (backend,)) as pool:
                row = pool.apply(measure, (config, points, args.train, args.runs, part))
            per_voxel = (row.seconds / row.voxels * 1e6, row.peak_mb * 1024 / row.voxels)
            rows.append([part, backend, row.voxels, *(f'{value:.3g}' for value in (*row[1:], *per_voxel))])
        logger.info(f'{num_points} points done')
    logger.info(f'{args.config}, {torch.get_num_threads()} threads\n{AsciiTable(rows).table}')
    return 0


if __name__ == '__main__':
    sys.exit(run_tool(main))
