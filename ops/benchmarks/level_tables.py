"""Tables of what happens between levels: nearest neighbours, window index, interpolation, down-sampling."""

from __future__ import annotations

import importlib.util
import logging

import torch
import torch.nn.functional as F
from brute_force import brute_force_knn
from rooms import room_cloud
from swin3d_ops import knn, partition_windows, voxel_index
from swin3d_ops.resample import interpolate, inverse_distance_weights, linear_gather_max
from timing import cpu_seconds, forward_and_backward
from workloads import ROOM_VOXELS, voxel_level

logger = logging.getLogger('benchmark')
CDIST_ROWS = 2048
WINDOW = 5


def log_row(name: str, seconds: float, least: float) -> None:
    """Log the seconds of an algorithm and how often they hold those of another."""
    logger.info('| %s | %.4f | %.1f |', name, seconds, seconds / least)


def cdist_topk(query: torch.Tensor, source: torch.Tensor, k: int) -> torch.Tensor:
    """Return the neighbours from chunks of the full distance matrix."""
    return torch.cat(
        [torch.cdist(part, source).topk(k, largest=False).indices for part in query.split(CDIST_ROWS)]
    )


def neighbours() -> None:
    """Log the searches of down-sampling (k 16) and of up-sampling (k 3), one thread."""
    fine, coarse = (voxel_level(room_cloud(), 0.02, stride, ROOM_VOXELS) for stride in (1, 2))
    source, query = fine.xyz, coarse.xyz * 2
    _compare_searches(query, source, 16)
    _compare_searches(source, query, 3)


def _compare_searches(query: torch.Tensor, source: torch.Tensor, k: int) -> None:
    bounds = torch.tensor([0, len(query)]), torch.tensor([0, len(source)])
    runs = {
        'cpu': lambda: knn(query, source, k, *bounds, backend='cpu'),
        'torch': lambda: knn(query, source, k, *bounds, backend='torch'),
        'brute force in C++': lambda: brute_force_knn(query, source, k),
        'cdist + topk': lambda: cdist_topk(query, source, k),
    }
    if importlib.util.find_spec('scipy'):
        from scipy.spatial import cKDTree

        runs['scipy cKDTree'] = lambda: cKDTree(source.numpy()).query(query.numpy(), k)
    logger.info('\n%d queries, %d sources, k %d', len(query), len(source), k)
    logger.info('| algorithm | s | times the grid |\n|---|---|---|')
    times = {name: cpu_seconds(run) for name, run in runs.items()}
    for name, seconds in times.items():
        log_row(name, seconds, times['cpu'])


def dense_windows(coords: torch.Tensor, window: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Expand every window to window^3 cells and match them with the voxels, as the original does."""
    corner = torch.div(coords[:, 1:], window, rounding_mode='floor')
    windows, _ = voxel_index.unique_voxels(torch.cat([coords[:, :1], corner], 1))
    steps = torch.cartesian_prod(*[torch.arange(window)] * 3)
    cells = (windows[:, None, 1:] * window + steps).flatten(0, 1)
    batch = windows[:, :1].repeat_interleave(window**3, 0)
    rows = voxel_index.lookup(coords, torch.cat([batch, cells], 1))
    found = rows >= 0
    return rows[found], found.view(len(windows), -1).sum(1)


def window_index() -> None:
    """Log the window index against the dense expansion of windows."""
    coords = voxel_level(room_cloud(), 0.02, 1, ROOM_VOXELS).coords
    sort = cpu_seconds(lambda: partition_windows(coords, WINDOW, 0))
    dense = cpu_seconds(lambda: dense_windows(coords, WINDOW))
    logger.info('\nWindow index of %d voxels, window %d', len(coords), WINDOW)
    logger.info('| algorithm | s | times the sort |\n|---|---|---|')
    log_row('one sort of keys', sort, sort)
    log_row('dense expansion', dense, sort)


def resampling() -> None:
    """Log interpolation and max pooling against their forms that gather all rows first."""
    fine, coarse = (voxel_level(room_cloud(), 0.02, stride, ROOM_VOXELS) for stride in (1, 3))
    bounds = torch.tensor([0, len(fine.coords)]), torch.tensor([0, len(coarse.coords)])
    generator = torch.Generator().manual_seed(0)
    feats = torch.randn(len(coarse.coords), 48, generator=generator, requires_grad=True)
    index, distance = knn(fine.xyz, coarse.xyz * 3, 3, *bounds)
    weight = inverse_distance_weights(distance)

    def gathered() -> torch.Tensor:
        return sum(weight[:, k, None] * feats[index[:, k]] for k in range(index.shape[1]))

    title = f'Interpolation, {len(fine.coords)} x 48 from {len(feats)}'
    compare_passes(title, lambda: interpolate(feats, index, weight), gathered, [feats], 'gather first')
    down, _ = knn(coarse.xyz * 3, fine.xyz, 16, *bounds[::-1])
    feats = torch.randn(len(fine.coords), 48, generator=generator, requires_grad=True)
    table = torch.randn(96, 48, generator=generator, requires_grad=True)

    def before() -> torch.Tensor:
        return linear_gather_max(F.layer_norm(feats, (48,)), table, down)

    def after() -> torch.Tensor:
        return F.linear(F.layer_norm(feats[down], (48,)), table).max(1).values

    title = f'Down-sampling, {len(feats)} x 48 to {len(down)} x 96, 16 neighbours'
    compare_passes(title, before, after, [feats, table], 'gather first')


def compare_passes(title: str, own, other, inputs, name_of_other: str) -> None:
    """Log the passes of a kernel and of another form of the same result."""
    times = [forward_and_backward(run, inputs) for run in (own, other)]
    logger.info('\n%s\n| algorithm | forward s | both s | forward, times | both, times |', title)
    logger.info('|---|---|---|---|---|')
    for name, (forward, backward) in zip(('swin3d_ops', name_of_other), times):
        both = forward + backward
        ratios = forward / times[0][0], both / sum(times[0])
        logger.info('| %s | %.4f | %.4f | %.1f | %.1f |', name, forward, both, *ratios)
