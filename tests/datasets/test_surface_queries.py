"""Queries around surfaces and their distances, holes in the middle, points without normals."""

import numpy as np
import pytest
import torch
from mmdet3d.registry import TRANSFORMS

import swin3d_mmdet3d  # noqa: F401
from swin3d_mmdet3d.structures.normal_points import NormalPoints


def cloud(xyz):
    columns = torch.cat([torch.as_tensor(xyz), torch.zeros(len(xyz), 3)], dim=1)
    return dict(points=NormalPoints.from_columns(columns.float()), pts_semantic_mask=np.arange(len(xyz)))


def plane(edge=161, size=8.0):
    steps = torch.linspace(0, size, edge)
    return torch.cartesian_prod(steps, steps, torch.zeros(1))


def run(results, *steps):
    for step in steps:
        results = TRANSFORMS.build(step)(results)
    return results


def queries(results, **arguments):
    found = run(results, dict(type='SurfaceQueries', **arguments))['ragged']
    return found['queries'], found['distances']


def test_distances_are_those_to_the_nearest_point_by_brute_force():
    np.random.seed(0)
    xyz = torch.rand(50, 3, generator=torch.Generator().manual_seed(0))
    results = run(cloud(xyz), dict(type='RememberSurface'))
    places, distances = queries(results, num_queries=300, sigma=0.2, max_distance=0.3)
    own = torch.cdist(torch.from_numpy(places).double(), xyz.double()).amin(dim=1).clamp(max=0.3)
    np.testing.assert_allclose(distances, own, atol=1e-6)
    assert (distances == np.float32(0.3)).any() and (distances < 0.1).any()


def test_above_a_plane_distances_are_heights():
    np.random.seed(0)
    xyz = torch.cat([plane(), torch.tensor([[0.0, 0, 2]])])  # the box around them is 2 m high
    places, distances = queries(
        run(cloud(xyz), dict(type='RememberSurface')), num_queries=2000, max_distance=0.5
    )
    middle = (np.abs(places[:, :2] - 4) < 3.5).all(axis=1) & (np.abs(places[:, 2]) > 0.1)
    assert middle.sum() > 500
    height = np.minimum(np.abs(places[middle, 2]), 0.5)
    np.testing.assert_allclose(distances[middle], height, atol=0.035**2 / 0.2)  # points lie 5 cm apart


def test_distances_are_to_the_whole_scene_and_queries_around_the_points_that_are_left():
    np.random.seed(0)
    results = run(cloud(plane()), dict(type='RememberSurface'))
    corners = (results['points'].coord[:, :2] % 1 == 0).all(dim=1)
    corners &= (results['points'].coord[:, :2] <= 1).all(dim=1)
    results['points'] = results['points'][corners]
    assert len(results['points']) == 4
    left = results['points'].coord.numpy()
    near, _ = queries(results, num_queries=400, near_share=1.0, sigma=0.01)
    assert (np.abs(near[:, None] - left).max(axis=2).min(axis=1) < 0.05).all()
    places, distances = queries(results, num_queries=400, near_share=0.0)
    assert ((places >= 0) & (places <= [1, 1, 0])).all()
    assert distances.max() < 0.04  # of points 5 cm apart
    assert np.linalg.norm(places[:, None] - left, axis=2).min(axis=1).max() > 0.5


def test_so_many_queries_lie_near_points_and_spread_as_told():
    np.random.seed(0)
    point = torch.zeros(1, 3)
    places, _ = queries(run(cloud(point), dict(type='RememberSurface')), num_queries=4000, near_share=0.25)
    near = places[(places != 0).any(axis=1)]
    assert len(places) == 4000 and len(near) == 1000  # the box around one point is that point
    np.testing.assert_allclose(near.std(axis=0), 0.08, rtol=0.1)
    assert places.dtype == np.float32


def test_the_control_has_the_same_distances_for_other_queries():
    def drawn(shuffle):
        np.random.seed(0)
        return queries(run(cloud(plane()), dict(type='RememberSurface')), shuffle=shuffle)

    (own, distances), (same, shuffled) = drawn(False), drawn(True)
    np.testing.assert_array_equal(own, same)
    np.testing.assert_array_equal(np.sort(distances), np.sort(shuffled))
    assert (distances != shuffled).mean() > 0.5


def test_scenes_without_a_surface_or_moved_off_it_are_named():
    with pytest.raises(ValueError, match='surface_xyz must be among the keys; RememberSurface adds it'):
        queries(cloud(plane(5)))
    results = run(cloud(plane(5)), dict(type='RememberSurface'))
    results['points'].translate(torch.tensor([0, 0, 0.2]))
    with pytest.raises(ValueError, match=r'points must lie within 0.05 m of the surface, got 0.2 m'):
        queries(results)
    for key in ('sigma', 'max_distance'):
        with pytest.raises(ValueError, match=f'{key} must be a positive number, got 0'):
            TRANSFORMS.build({'type': 'SurfaceQueries', key: 0})


def test_the_hole_is_a_column_in_the_middle_of_the_share_that_was_drawn(monkeypatch):
    drawn = []

    def uniform(low, high):
        drawn.append((low, high))
        return 0.41

    monkeypatch.setattr(np.random, 'uniform', uniform)
    xyz = plane(81, 8.0) * torch.tensor([1, 0.5, 1]) + torch.tensor([3.0, -9, 0])
    xyz[:, 2] = torch.linspace(0, 5, len(xyz))
    kept = run(cloud(xyz), dict(type='CentralBoxErasing', max_extent=0.7))['pts_semantic_mask']
    expected = ((xyz[:, 0] - 7).abs() >= 1.64) | ((xyz[:, 1] + 7).abs() >= 0.82)
    np.testing.assert_array_equal(kept, expected.nonzero().flatten())
    assert drawn == [(0, 0.7)] and len(kept) < len(xyz)


def test_points_that_bound_a_scene_stay_whatever_is_drawn():
    for seed in range(20):
        np.random.seed(seed)
        xyz = torch.rand(1 + seed % 3, 3)
        assert len(run(cloud(xyz), dict(type='CentralBoxErasing'))['points']) >= min(2, len(xyz))
    with pytest.raises(ValueError, match='max_extent must be below 1, got 1'):
        TRANSFORMS.build(dict(type='CentralBoxErasing', max_extent=1))


def test_points_have_zero_normals_whether_they_had_some_or_not():
    plain = cloud(plane(5))['points']
    turned = NormalPoints.from_columns(torch.cat([plain.tensor, torch.ones(25, 3)], dim=1))
    for points in (plain, turned):
        found = run(dict(points=points), dict(type='ZeroNormals'))['points']
        assert torch.equal(found.tensor[:, :6], plain.tensor)
        assert found.normal.shape == (25, 3) and not bool(found.normal.any())
        found.rotate(0.3)
        found.scale(1.2)
        assert not bool(found.normal.any())
