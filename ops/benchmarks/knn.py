"""Times nearest neighbours: the grid of the CPU kernels, torch, cdist with topk, scipy's cKDTree.

    python ops/benchmarks/knn.py

One thread, CPU seconds, medians, the same inputs in the same run; scipy is optional.
"""

from __future__ import annotations

import importlib.util
import logging
import sys
from pathlib import Path

import torch

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from swin3d_ops import knn, voxel_index  # noqa: E402
from workloads import cpu_seconds, room_voxels  # noqa: E402

logger = logging.getLogger('benchmark')
CDIST_ROWS = 2048


def cdist_topk(query: torch.Tensor, source: torch.Tensor, k: int) -> torch.Tensor:
    """Return the neighbours from chunks of the full distance matrix."""
    return torch.cat(
        [torch.cdist(part, source).topk(k, largest=False).indices for part in query.split(CDIST_ROWS)]
    )


def compare(query: torch.Tensor, source: torch.Tensor, k: int) -> None:
    """Log the comparison of all algorithms on one search."""
    bounds = torch.tensor([0, len(query)]), torch.tensor([0, len(source)])
    runs = {
        'cpu': lambda: knn(query, source, k, *bounds, backend='cpu'),
        'torch': lambda: knn(query, source, k, *bounds, backend='torch'),
        'cdist + topk': lambda: cdist_topk(query, source, k),
    }
    if importlib.util.find_spec('scipy'):
        from scipy.spatial import cKDTree

        runs['scipy cKDTree'] = lambda: cKDTree(source.numpy()).query(query.numpy(), k)
    logger.info(
        '\n%d queries, %d sources, k %d\n| algorithm | s | times the grid |\n|---|---|---|',
        len(query),
        len(source),
        k,
    )
    times = {
        name: cpu_seconds(run, 5 if name in ('cpu', 'scipy cKDTree') else 1) for name, run in runs.items()
    }
    for name, seconds in times.items():
        logger.info('| %s | %.4f | %.1f |', name, seconds, seconds / times['cpu'])


def main() -> None:
    """Compare the searches of down-sampling (k 16) and of up-sampling (k 3)."""
    logging.basicConfig(level=logging.INFO, format='%(message)s', stream=sys.stdout)
    torch.set_num_threads(1)
    fine = room_voxels(100_000)
    coarse = voxel_index.parent_voxels(fine, 2)[0]
    generator = torch.Generator().manual_seed(0)
    source = fine[:, 1:] + torch.rand(len(fine), 3, generator=generator)
    query = coarse[:, 1:] + 2 * torch.rand(len(coarse), 3, generator=generator)
    compare(query, source, 16)
    compare(source, query, 3)


if __name__ == '__main__':
    main()
