"""Time of training samples: each transform, and the loader.

``python -m swin3d_mmdet3d.tools.benchmark_loader CONFIG [--workers 2] [--points 150000] [--elastic]`` writes
generated rooms in the layout of the config's data set into a temporary folder, or reads ``--data-root``, and
logs the CPU time of each transform of the training pipeline and the samples that the loader gives per second.
"""

from __future__ import annotations

import argparse
import copy
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from mmengine.logging import MMLogger
from terminaltables import AsciiTable

from ..help_only import HELP_ONLY
from .benchmark import boxes_room
from .mistakes import run_tool

if not HELP_ONLY:
    import torch
    from mmdet3d.registry import DATASETS
    from mmengine.dataset import pseudo_collate
    from mmengine.fileio import dump
    from mmengine.registry import init_default_scope
    from torch.utils.data import DataLoader

    from ..apis.config_files import read_config_file
    from ..datasets.wrapped_settings import innermost_dataset

ELASTIC = dict(type='ElasticDistortion', scales=[(0.2, 0.4), (0.8, 1.6)], prob=1.0)
INFOS = 'infos.pkl'


def write_rooms(folder: str, num_rooms: int, num_points: int, raw_ids: Sequence[int]) -> None:
    """Write generated rooms with normals and random labels, in the layout of the data sets."""
    infos = []
    for number in range(num_rooms):
        rng = np.random.default_rng(number)
        points = boxes_room(num_points, number)
        points[:, 3:] = (points[:, 3:] + 1) * 127.5
        label = np.asarray(raw_ids, dtype=np.int64)[rng.integers(0, len(raw_ids), num_points)]
        normals = np.eye(3, dtype=np.float32)[rng.integers(0, 3, num_points)]
        name = f'room_{number}.bin'
        files = dict(points=points, normals=normals, instance_mask=label * 0)
        files.update(semantic_mask=label, semantic_mask200=label)
        for kind, rows in files.items():
            (Path(folder) / kind).mkdir(exist_ok=True)
            rows.tofile(Path(folder) / kind / name)
        masks = ('pts_semantic_mask_path', 'pts_semantic_mask200_path', 'pts_instance_mask_path')
        infos.append(dict(lidar_points=dict(num_pts_feats=6, lidar_path=name), **dict.fromkeys(masks, name)))
    dump(dict(metainfo={}, data_list=infos), str(Path(folder) / INFOS))


def with_elastic(pipeline: list[dict]) -> list[dict]:
    """The pipeline with an elastic distortion in front of its first shift to the origin."""
    steps = [step['type'] for step in pipeline]
    at = steps.index('PositiveShift')
    return [*pipeline[:at], ELASTIC, *pipeline[at:]]


def profile_transforms(dataset: Any, num_samples: int) -> dict[str, list[float]]:
    """CPU seconds of each transform of a data set's pipeline, for each sample."""
    seconds: dict[str, list[float]] = defaultdict(list)
    for sample in range(num_samples):
        results = dataset.get_data_info(sample % len(dataset))
        results['dataset'] = dataset
        for transform in dataset.pipeline.transforms:
            start = time.process_time()
            results = transform(results)
            seconds[type(transform).__name__].append(time.process_time() - start)
    return seconds


def samples_per_second(dataset: Any, num_samples: int, workers: int) -> float:
    """What a loader with so many processes gives, from its second sample on."""
    rows = [sample % len(dataset) for sample in range(num_samples + workers)]
    loader = DataLoader(dataset, sampler=rows, num_workers=workers, collate_fn=pseudo_collate)
    batches = iter(loader)
    for _ in range(workers):
        next(batches)
    start = time.perf_counter()
    count = sum(1 for _ in batches)
    return count / (time.perf_counter() - start)


def parse_arguments(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('config', help='config of the recipe')
    parser.add_argument('--data-root', help='prepared data set in place of generated rooms')
    parser.add_argument('--points', type=int, default=150_000, help='points of a generated room')
    parser.add_argument('--samples', type=int, default=24)
    parser.add_argument('--workers', type=int, default=2)
    parser.add_argument('--elastic', action='store_true', help='add an elastic distortion to the pipeline')
    return parser.parse_args(arguments)


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and log the table."""
    args = parse_arguments(arguments)
    logger = MMLogger.get_instance('swin3d_mmdet3d')
    config = read_config_file(args.config)
    init_default_scope('mmdet3d')
    settings = copy.deepcopy(innermost_dataset(config.train_dataloader))
    if args.elastic:
        settings.pipeline = with_elastic(settings.pipeline)
    with tempfile.TemporaryDirectory() as folder:
        settings.data_root = args.data_root or folder
        if args.data_root is None:
            raw_ids = DATASETS.get(settings.type).METAINFO['seg_valid_class_ids']
            write_rooms(folder, 4, args.points, raw_ids)
            settings.ann_file = INFOS
        dataset = DATASETS.build(settings)
        torch.set_num_threads(1)  # as in a worker
        profile_transforms(dataset, 1)  # the first sample imports and allocates
        seconds = profile_transforms(dataset, args.samples)
        rate = samples_per_second(dataset, args.samples, args.workers)
    rows = [['transform', 'median CPU ms', 'max CPU ms']]
    totals = np.sum(list(seconds.values()), axis=0)
    for name, values in [*seconds.items(), ('a sample', totals)]:
        rows.append([name, f'{1000 * np.median(values):.1f}', f'{1000 * np.max(values):.1f}'])
    logger.info(f'{args.config}\n{AsciiTable(rows).table}')
    logger.info(f'{rate:.1f} samples per second with {args.workers} workers')
    return 0


if __name__ == '__main__':
    sys.exit(run_tool(main))
