"""Times a whole Swin3D-S by one back-end and reports seconds and peak memory as JSON.

    python ops/benchmarks/network_case.py BACKEND CLOUD PASS

BACKEND: auto, torch, products (explicit pairs by table products, brute-force neighbours) or explicit (tables
summed pair by pair). CLOUD: scan or room. PASS: forward or training. Needs the package swin3d_mmdet3d.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import torch

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from brute_force import brute_force_knn  # noqa: E402
from explicit_pairs import explicit_pairs, table_products  # noqa: E402
from rooms import room_cloud, scan_cloud  # noqa: E402
from timing import cpu_seconds, peak_megabytes, report, reset_peak_memory  # noqa: E402

CONFIG = Path(__file__).resolve().parents[2] / 'configs/swin3d/swin3d-small_structured3d-seg.py'
# the network counts voxels from the slab's own corner, where some of these share a cell
SLAB_VOXELS = 151_000
BASELINES = {'products': table_products, 'explicit': explicit_pairs}


def use_baseline(attention) -> None:
    """Let the network list pairs and compare every query with every source."""
    from swin3d_mmdet3d.models.layers import resample, window_attention

    window_attention.window_attention = attention
    resample.knn = brute_force_knn


def points_of(name: str) -> torch.Tensor:
    """Return the points (P, 6) of the scan, or of a slab of the room with about 100 000 voxels of 2 cm."""
    cloud = scan_cloud() if name == 'scan' else room_cloud()
    points = torch.cat([cloud.xyz.float(), cloud.rgb], 1)
    if name == 'scan':
        return points
    from workloads import voxel_level

    level = voxel_level(cloud, 0.02, 1, SLAB_VOXELS)
    return torch.cat([level.xyz * 0.02, level.rgb], 1)


def main() -> None:
    """Run the command line."""
    backend, cloud, which = sys.argv[1:]
    if backend in BASELINES:
        use_baseline(BASELINES[backend])
    else:
        os.environ['SWIN3D_OPS'] = backend
    from mmdet3d.registry import MODELS
    from mmengine.config import Config
    from mmengine.registry import init_default_scope

    import swin3d_mmdet3d  # noqa: F401

    init_default_scope('mmdet3d')
    torch.manual_seed(0)
    model = MODELS.build(Config.fromfile(str(CONFIG)).model)
    model.train(which == 'training')
    points = points_of(cloud)
    voxelize = cpu_seconds(lambda: model.data_preprocessor.voxelize_points([points]), 3)
    batch = model.data_preprocessor.voxelize_points([points])

    def forward() -> None:
        with torch.no_grad():
            model.voxel_logits(batch.feats, batch.voxels)

    def training() -> None:
        model.zero_grad()
        logits = model.voxel_logits(batch.feats, batch.voxels)
        torch.nn.functional.cross_entropy(logits, torch.zeros(len(logits), dtype=torch.long)).backward()

    before = reset_peak_memory()
    seconds = cpu_seconds({'forward': forward, 'training': training}[which], 3)
    report(seconds=seconds, peak=peak_megabytes() - before, voxels=len(batch.feats), voxelize=voxelize)


if __name__ == '__main__':
    main()
