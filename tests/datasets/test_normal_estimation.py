"""Estimated normals replace a sample's own as often as asked, and are those of the inferencer."""

import numpy as np
import pytest
import torch
from mmdet3d.registry import TRANSFORMS

from swin3d_mmdet3d.apis import make_scan
from swin3d_mmdet3d.scan_files import known_normals
from swin3d_mmdet3d.structures.normal_points import NormalPoints


def corner(points=400, seed=0):
    """Points of a floor and a wall, with the normals of both."""
    rng = np.random.default_rng(seed)
    xyz = rng.uniform(0, 2, (points, 3)).astype(np.float32)
    xyz[: points // 2, 2] = 0
    xyz[points // 2 :, 0] = 0
    normal = np.zeros_like(xyz)
    normal[: points // 2, 2] = normal[points // 2 :, 0] = 1
    return xyz, rng.uniform(0, 255, (points, 3)).astype(np.float32), normal


def sample(with_normals=True):
    columns = np.concatenate(corner()[: 3 if with_normals else 2], axis=1)
    return dict(points=NormalPoints.from_columns(torch.from_numpy(columns)))


@pytest.mark.parametrize('with_normals', [True, False])
def test_the_network_sees_in_training_what_the_inferencer_gives_it(with_normals):
    xyz, rgb, _ = corner()
    points = TRANSFORMS.build(dict(type='EstimateNormals', prob=1.0))(sample(with_normals))['points']
    np.testing.assert_array_equal(
        points.normal.numpy(), known_normals(make_scan(xyz, rgb)).astype(np.float32)
    )
    np.testing.assert_array_equal(points.tensor[:, :6].numpy(), np.c_[xyz, rgb])


def test_away_from_the_edge_they_are_those_of_the_surface_up_to_the_sign():
    xyz, _, normal = corner()
    points = TRANSFORMS.build(dict(type='EstimateNormals', prob=1.0))(sample())['points']
    inside = (xyz[:, 0] > 0.5) | (xyz[:, 2] > 0.5)
    cosine = np.abs((points.normal.numpy() * normal).sum(axis=1))[inside]
    assert cosine.min() > 1 - 1e-5


def test_one_sample_in_four_keeps_its_own():
    np.random.seed(0)
    transform = TRANSFORMS.build(dict(type='EstimateNormals', prob=0.75))
    own = sample()['points'].tensor
    kept = sum(torch.equal(transform(sample())['points'].tensor, own) for _ in range(200))
    assert 30 <= kept <= 70  # 50 +- 3.3 standard deviations


def test_a_share_that_is_none_is_refused():
    with pytest.raises((ValueError, TypeError), match='prob'):
        TRANSFORMS.build(dict(type='EstimateNormals', prob=1.5))
