"""Joined batches hold what each held, and levels of them come apart again."""

import pytest
import torch
from mmdet3d.registry import MODELS
from tiny_pretraining import random_batch, tiny_student

import swin3d_mmdet3d  # noqa: F401
from swin3d_mmdet3d.structures import joined, split_level


def views(counts=(150, 60, 90)):
    preprocessor = MODELS.build(dict(type='ViewPreprocessor', voxel_size=0.2))
    batches = [random_batch(num_samples=2, num_points=count) for count in counts]
    return [preprocessor(batch, training=True)['inputs']['views'][0] for batch in batches]


def test_every_point_finds_its_voxel_and_every_voxel_its_point_and_scene():
    parts = views()
    parts[1] = parts[1].select(torch.arange(0, len(parts[1].voxels), 2))  # some points are in no voxel
    whole = joined(parts)
    clouds = [cloud for view in parts for cloud in view.points]
    assert whole.voxels.batch_size == len(whole.point2voxel) == len(whole.origin) == len(clouds) == 6
    size = whole.voxels.voxel_size
    for sample, (cloud, rows, origin) in enumerate(zip(clouds, whole.point2voxel, whole.origin)):
        kept = rows >= 0
        coords = whole.voxels.coords[rows[kept]]
        assert bool((coords[:, 0] == sample).all())
        cell = ((cloud[kept, :3] - origin) / size).floor().to(coords.dtype)
        assert torch.equal(coords[:, 1:], cell)
    points = torch.cat(clouds)[whole.representative]
    assert torch.equal(whole.feats[:, :3], points[:, 3:6]) and len(points) == len(whole.voxels)


def test_levels_of_a_network_come_apart_into_those_of_each_batch():
    parts = views()
    torch.manual_seed(0)
    network = MODELS.build(tiny_student()['backbone']).eval()
    whole = joined(parts)
    with torch.no_grad():
        together = network(whole.feats, whole.voxels)
        apart = [network(view.feats, view.voxels) for view in parts]
    for number, level in enumerate(together):
        for (feats, voxels), alone in zip(split_level(level, 3), apart):
            own, own_voxels = alone[number]
            torch.testing.assert_close(feats, own, rtol=1e-4, atol=1e-5)
            assert torch.equal(voxels.coords, own_voxels.coords)
            assert voxels.batch_size == 2 and voxels.stride == own_voxels.stride
            torch.testing.assert_close(voxels.signals['rgb'], own_voxels.signals['rgb'])


def test_no_batch_is_refused():
    with pytest.raises(ValueError, match='batches must hold at least one batch, got none'):
        joined([])
