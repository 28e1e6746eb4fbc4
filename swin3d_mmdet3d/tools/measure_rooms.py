"""Measures how far apart sets of scans are: `python -m swin3d_mmdet3d.tools.measure_rooms FOLDER...`.

A folder is a data set in mmdet3d's layout, as `make_rooms` writes it. Prints one JSON object.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from itertools import combinations
from pathlib import Path

import numpy as np
from mmengine.utils import track_iter_progress

from ..help_only import HELP_ONLY
from .mistakes import run_tool

if not HELP_ONLY:
    import torch
    from mmdet3d.registry import MODELS

    from ..datasets.layout.infos import read_info_file, scene_name
    from ..evaluation.batch_norm_shift import batch_norm_shift
    from ..evaluation.domain_gap import (
        classifier_iou,
        color_figures,
        domain_accuracy,
        neighbour_distance,
        thin_to_distance,
        window_occupancy,
        window_statistics,
    )

VOXEL_SIZES = (0.02, 0.04, 0.1)
HELD_OUT = ('_Area_5', '_val')
CROP = 1.5  # metres, radius of the crops that pass through the network
POINTS_A_ROOM = 4000  # for the classifiers of single points
WINDOW_PARTS = {'': slice(None), '_geometry': slice(9), '_colour': slice(9, None)}
"""Columns of window_statistics."""
MAX_CLASSES = 41


def parse_arguments(arguments: list[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description='Measure how far apart sets of scans are.')
    parser.add_argument('folders', nargs='+', type=Path, help='data sets in the layout of mmdet3d')
    parser.add_argument('--rooms', type=int, default=12, help='most scenes of a split that are read')
    parser.add_argument('--spacing', type=float, help='also thin to this distance of neighbours, metres')
    parser.add_argument('--evenly', action='store_true', help='thin by a grid instead of at random')
    return parser.parse_args(arguments)


def read_rooms(folder: Path, held_out: bool, limit: int) -> list[np.ndarray]:
    """(P, 10) xyz, rgb, normal (zeros where there are none) and label (-1 for none) of scenes of a data set.

    Raises:
        ValueError: The folder has no info file of such a split, or a file is not whole.
    """
    files = [path for path in sorted(folder.glob('*.pkl')) if path.stem.endswith(HELD_OUT) == held_out]
    files = [path for path in files if not path.stem.endswith('_test')]
    infos = [info for path in files for info in read_info_file(path)['data_list']]
    if not infos:
        raise ValueError(f'{folder} must have scenes {"held out" if held_out else "to train on"}, got none')
    return [_read_room(folder, info) for info in infos[:: max(1, len(infos) // limit)][:limit]]


def _read_room(folder: Path, info: dict) -> np.ndarray:
    name = scene_name(info)
    points = np.fromfile(folder / 'points' / f'{name}.bin', np.float32).reshape(-1, 6).astype(np.float64)
    normals, labels = np.zeros((len(points), 3)), np.full((len(points), 1), -1.0)
    if 'normals_path' in info:
        normals = np.fromfile(folder / 'normals' / f'{name}.bin', np.float32).reshape(-1, 3)
    if 'pts_semantic_mask_path' in info:
        mask = folder / 'semantic_mask' / f'{name}.bin'
        labels = np.fromfile(mask, np.int64).reshape(-1, 1).astype(np.float64)
    return np.concatenate([points, normals, labels], axis=1)


def set_figures(rooms: Sequence[np.ndarray], spacing: float | None, evenly: bool) -> dict:
    """Density and colour of a set, medians over its rooms."""
    figures = {'rooms': len(rooms), 'points': int(np.median([len(room) for room in rooms]))}
    figures['neighbour_mm'] = np.median([neighbour_distance(room[:, :3]) for room in rooms]) * 1000
    for size in VOXEL_SIZES:
        occupancy = [window_occupancy(room[:, :3], size) for room in rooms]
        figures[f'occupancy_{size * 100:.0f}cm'] = np.median(occupancy)
    if spacing:
        thinned = [thin_to_distance(room[:, :3], spacing, evenly) for room in rooms]
        for size in VOXEL_SIZES:
            figures[f'thinned_occupancy_{size * 100:.0f}cm'] = np.median(
                [window_occupancy(xyz, size) for xyz in thinned]
            )
    return {**figures, **color_figures(np.concatenate([room[:, 3:6] for room in rooms]))}


def classifier_figures(training: Sequence[np.ndarray], tests: Sequence[np.ndarray]) -> dict:
    """Mean IoU of linear classifiers of single points, trained on some rooms and tested on others."""
    train, test = (np.concatenate([_labelled_rows(room) for room in rooms]) for rooms in (training, tests))
    columns = dict(height=[2], colour=[3, 4, 5], raw=[2, 3, 4, 5, 6, 7, 8])
    known = np.unique(train[:, 9])
    train_labels = np.searchsorted(known, train[:, 9])
    test = test[np.isin(test[:, 9], known)]
    truth = np.searchsorted(known, test[:, 9])
    return {
        f'linear_{name}_miou': classifier_iou(
            _with_squares(train[:, own]), train_labels, _with_squares(test[:, own]), truth, len(known)
        )
        for name, own in columns.items()
    }


def _labelled_rows(room: np.ndarray) -> np.ndarray:
    rows = np.random.default_rng(0).permutation(len(room))[:POINTS_A_ROOM]
    rows = room[rows[(room[rows, 9] >= 0) & (room[rows, 9] < MAX_CLASSES)]]
    rows[:, 2] -= room[:, 2].min()
    return rows


def _with_squares(columns: np.ndarray) -> np.ndarray:
    return np.concatenate([columns, columns**2, np.abs(columns)], axis=1)


def pair_figures(sets: dict[str, list[np.ndarray]], tests: dict[str, list[np.ndarray]]) -> dict:
    """What one window tells of its set, and how far the sets move batch norms, by size of the voxels."""
    figures = {}
    for size in VOXEL_SIZES:
        windows = [[_windows(rooms, size) for rooms in group.values()] for group in (sets, tests)]
        for name, part in WINDOW_PARTS.items():
            train, test = ([rows[:, part] for rows in group] for group in windows)
            figures[f'window_classifier{name}_{size * 100:.0f}cm'] = domain_accuracy(train, test)
    for one, other in combinations(sets, 2):
        for size in VOXEL_SIZES:
            shift = _norm_shift([sets[one], sets[other]], size)
            figures[f'batch_norm_shift_{one}_{other}_{size * 100:.0f}cm'] = shift
    return figures


def _windows(rooms: Sequence[np.ndarray], size: float) -> np.ndarray:
    rng = np.random.default_rng(0)
    tables = [window_statistics(room[:, :6], size) for room in rooms]
    return np.concatenate([table[rng.permutation(len(table))[:2000]] for table in tables])


def _norm_shift(sets: Sequence[Sequence[np.ndarray]], size: float) -> float:
    """Mean over the sets of the shift in an untrained sparse U-Net, on a crop of each room."""
    torch.manual_seed(0)
    widths = dict(encoder_channels=(16, 32, 48), decoder_channels=(48, 32, 16))
    blocks = dict(encoder_blocks=(1, 1, 1), decoder_blocks=(1, 1, 1))
    network = MODELS.build(dict(type='SparseResUNet', in_channels=6, stem_channels=16, **widths, **blocks))
    voxelize = MODELS.build(dict(type='VoxelPreprocessor', voxel_size=size)).voxelize_points

    def run(rooms: Sequence[np.ndarray]) -> None:
        for room in rooms:
            batch = voxelize([_crop(room)])
            network(batch.feats, batch.voxels)

    network.train()
    return float(np.mean(batch_norm_shift(network, [lambda rooms=rooms: run(rooms) for rooms in sets])))


def _crop(room: np.ndarray) -> torch.Tensor:
    """(P, 6) points within CROP of one of them, colours in [-1, 1]."""
    middle = room[np.random.default_rng(0).integers(len(room)), :3]
    points = room[np.linalg.norm(room[:, :3] - middle, axis=1) <= CROP, :6]
    columns = np.concatenate([points[:, :3], points[:, 3:6] / 127.5 - 1], axis=1)
    return torch.from_numpy(columns).float()


def measure(folders: Sequence[Path], limit: int, spacing: float | None = None, evenly: bool = False) -> dict:
    """All figures of some data sets; of one alone, those that need no other."""
    figures, sets, tests = {}, {}, {}
    for folder in track_iter_progress(list(folders), file=sys.stderr):
        sets[folder.name] = read_rooms(folder, False, limit)
        tests[folder.name] = read_rooms(folder, True, limit)
        figures[folder.name] = {
            **set_figures(tests[folder.name], spacing, evenly),
            **classifier_figures(sets[folder.name], tests[folder.name]),
        }
    if len(sets) > 1:
        figures['between'] = pair_figures(sets, tests)
    return {name: {key: round(float(it), 4) for key, it in own.items()} for name, own in figures.items()}


def main(arguments: list[str] | None = None) -> int:
    """Print the figures of the folders named on the command line."""
    args = parse_arguments(arguments)
    sys.stdout.write(
        json.dumps(measure(args.folders, args.rooms, args.spacing, args.evenly), indent=1) + '\n'
    )
    return 0


if __name__ == '__main__':
    sys.exit(run_tool(main))
