"""Normals follow the surface through the methods of the points and every stock transform."""

import numpy as np
import pytest
import torch
from mmdet3d.datasets.transforms import (
    GlobalAlignment,
    GlobalRotScaleTrans,
    PointSample,
    PointShuffle,
    RandomFlip3D,
)
from mmdet3d.structures import DepthInstance3DBoxes

from swin3d_mmdet3d.structures.normal_points import NormalPoints

STEP = 0.25


@pytest.fixture
def points():
    """Pairs of points (p, p + STEP n): the oracle of a normal is the difference of its pair."""
    start = torch.rand(100, 3) * 4
    normal = torch.nn.functional.normalize(torch.randn(100, 3), dim=1)
    rgb = torch.rand(100, 3) * 255
    foot = torch.cat([start, rgb, normal], dim=1)
    tip = torch.cat([start + STEP * normal, rgb, normal], dim=1)
    return NormalPoints.from_columns(torch.cat([foot, tip]))


def assert_normals_follow(points):
    foot, tip = points.coord.double().chunk(2)
    expected = torch.nn.functional.normalize(tip - foot, dim=1)
    torch.testing.assert_close(points.normal[: len(foot)].double(), expected, atol=1e-5, rtol=0)


def boxes():
    return DepthInstance3DBoxes(torch.tensor([[1.0, 1, 1, 1, 1, 1, 0]]))


@pytest.mark.parametrize('with_boxes', [False, True])
@pytest.mark.parametrize(
    'transform',
    [
        GlobalRotScaleTrans(rot_range=[1.0, 1.0], scale_ratio_range=[1.3, 1.3], translation_std=[1, 1, 1]),
        RandomFlip3D(sync_2d=False, flip_ratio_bev_horizontal=1.0),
        RandomFlip3D(sync_2d=False, flip_ratio_bev_vertical=1.0),
    ],
)
def test_normals_follow_stock_augmentations(points, transform, with_boxes):
    results = dict(points=points)
    if with_boxes:
        results['gt_bboxes_3d'] = boxes()
    before = points.normal.clone()
    moved = transform(results)['points']
    assert not torch.allclose(moved.normal, before)
    assert_normals_follow(moved)


def test_normals_follow_global_alignment(points):
    cos, sin = np.cos(0.7), np.sin(0.7)
    matrix = np.array([[cos, -sin, 0, 5], [sin, cos, 0, -2], [0, 0, 1, 1], [0, 0, 0, 1]])
    before = points.normal.clone()
    moved = GlobalAlignment(rotation_axis=2)(dict(points=points, axis_align_matrix=matrix))['points']
    expected = before.double() @ torch.from_numpy(matrix[:3, :3]).T
    torch.testing.assert_close(moved.normal.double(), expected, atol=1e-6, rtol=0)
    assert_normals_follow(moved)


@pytest.mark.parametrize('transform', [PointSample(num_points=50), PointShuffle()])
def test_normals_stay_beside_their_points_when_selected(points, transform):
    rows = {tuple(row) for row in points.tensor.tolist()}
    chosen = transform(dict(points=points))['points']
    assert {tuple(row) for row in chosen.tensor.tolist()} <= rows
    assert chosen.normal.shape == (len(chosen), 3)


@pytest.mark.parametrize('factor', [(2.0, 0.5, 1.0), (-1.0, 3.0, 1.0)])
def test_scaled_normals_stay_unit_and_orthogonal_to_the_surface(factor):
    normal = torch.nn.functional.normalize(torch.randn(50, 3), dim=1)
    tangent = torch.linalg.cross(normal, torch.randn(50, 3))
    points = NormalPoints.from_columns(torch.cat([tangent, torch.zeros(50, 3), normal], dim=1))
    points.scale(torch.tensor(factor))
    torch.testing.assert_close(points.normal.norm(dim=1), torch.ones(50), atol=1e-6, rtol=0)
    assert (points.normal * points.coord).sum(1).abs().max() < 1e-4  # coord holds the scaled tangents


def test_negative_scale_turns_normals_like_a_point_reflection(points):
    before = points.normal.clone()
    points.scale(-2.0)
    torch.testing.assert_close(points.normal, -before)


def test_colours_are_untouched_by_motion(points):
    before = points.color.clone()
    points.rotate(0.5)
    points.flip('vertical')
    points.scale(1.5)
    assert torch.equal(points.color, before)


def test_points_without_normals_move_like_stock_points():
    columns = torch.rand(10, 6)
    ours, stock = NormalPoints.from_columns(columns), NormalPoints.__base__(columns, points_dim=6)
    for cloud in (ours, stock):
        cloud.rotate(0.3)
        cloud.flip('horizontal')
        cloud.scale(2.0)
    assert ours.normal is None
    assert torch.equal(ours.tensor, stock.tensor)


@pytest.mark.parametrize('columns', [3, 7])
def test_other_numbers_of_columns_raise(columns):
    with pytest.raises(ValueError, match=rf'\(P, 6\) or \(P, 9\), got \(5, {columns}\)'):
        NormalPoints.from_columns(torch.rand(5, columns))


@pytest.mark.parametrize('factor', [0.0, float('nan'), (1.0, 2.0)])
def test_bad_scale_factor_raises(points, factor):
    with pytest.raises(ValueError, match='scale_factor'):
        points.scale(factor)
