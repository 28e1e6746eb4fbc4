"""Figures of the gap between sets of scans agree with closed forms and with real scans."""

import numpy as np
import pytest
import torch
from real_data import local_real_data
from torch import nn

from swin3d_mmdet3d.evaluation.batch_norm_shift import batch_norm_shift
from swin3d_mmdet3d.evaluation.domain_gap import (
    classifier_iou,
    classify,
    color_figures,
    domain_accuracy,
    neighbour_distance,
    thin_to_distance,
    window_occupancy,
    window_statistics,
)
from swin3d_mmdet3d.synthetic_rooms import make_rooms


def plane(spacing, size=2.0):
    place = np.arange(0, size, spacing) + spacing / 2
    x, y = np.meshgrid(place, place)
    return np.column_stack([x.ravel(), y.ravel(), np.zeros(x.size)])


def test_a_full_plane_fills_a_layer_of_each_window_and_a_sparse_one_as_many_voxels_as_it_has_points():
    assert window_occupancy(plane(0.01), 0.02) == 25
    assert window_occupancy(plane(0.05), 0.02) == 4
    assert np.isclose(neighbour_distance(plane(0.05)), 0.05)


@pytest.mark.parametrize('evenly', [False, True])
def test_thinning_reaches_the_distance_of_neighbours(evenly):
    thinned = thin_to_distance(plane(0.01), 0.05, evenly)
    assert np.isclose(neighbour_distance(thinned), 0.05, rtol=0.05)
    assert len(thin_to_distance(plane(0.2), 0.05, evenly)) == len(plane(0.2))
    # random points lie half as far from their neighbours as a grid of as many
    share = len(thinned) * 0.05**2 / 4
    assert (share > 0.8) if evenly else (share < 0.4)


def test_statistics_of_windows_are_those_of_their_voxels():
    grid = plane(0.01) * (1 + 1e-9)  # clear of rounding at the edges of voxels
    points = np.column_stack([grid, np.full((40000, 3), [51.0, 102, 153])])
    table = window_statistics(points, 0.02)
    assert table.shape == (20**2, 15)
    np.testing.assert_allclose(table[:, 0], np.log(25))
    np.testing.assert_allclose(table[:, 1], np.log(4))
    np.testing.assert_allclose(table[:, 2:5], np.tile([2**0.5, 2**0.5, 0], (400, 1)), atol=1e-9)
    np.testing.assert_allclose(table[:, 9:12], np.tile([0.2, 0.4, 0.6], (400, 1)))
    np.testing.assert_allclose(table[:, 12:], 0, atol=1e-6)


def test_colour_figures_of_known_colours():
    found = color_figures(np.array([[100, 100, 100], [200, 100, 0]]))
    assert (found['red'], found['green'], found['blue']) == (150, 100, 50)
    assert found['saturation'] == found['grey_share'] == 0.5 and found['grey_deviation'] == 0


def test_classifiers_tell_what_differs_and_nothing_else():
    rng = np.random.default_rng(0)
    rows = [rng.normal(mean, 1, (2000, 3)) for mean in ((0, 0, 0), (0, 0, 0), (4, 0, 0))]
    assert domain_accuracy([rows[0], rows[2]], [rows[1], rows[2] + 0.01]) > 0.95
    assert abs(domain_accuracy(rows[:2], rows[:2], hidden=0) - 0.5) < 0.06
    inputs = np.concatenate(rows[1:])
    labels = np.repeat([0, 1], 2000)
    assert (classify(inputs, labels, inputs, 2) == labels).mean() > 0.95
    assert classifier_iou(inputs, labels, inputs, labels, 2) > 0.9


def test_shift_of_batch_norms_is_that_of_the_channel_means():
    torch.manual_seed(0)
    network = nn.Sequential(nn.BatchNorm1d(2))
    before = {name: value.clone() for name, value in network.state_dict().items()}
    rows = torch.randn(1000, 2)
    rows = (rows - rows.mean(dim=0)) / rows.std(dim=0, correction=0)
    shift = batch_norm_shift(network, [lambda: network(rows - 1), lambda: network(rows + 1)])
    np.testing.assert_allclose(
        shift, 1 / 2**0.5, rtol=1e-5
    )  # means -1 and 1, deviation of the mixture sqrt(2)
    assert all(torch.equal(value, before[name]) for name, value in network.state_dict().items())


def s3dis_part():
    with np.load(local_real_data('s3dis_part', 's3dis_sphere_xyzrgb_sem.npz')) as content:
        return content['xyz'].astype(np.float64), True  # sampled by a grid


def scannet_scene():
    with np.load(local_real_data('scannet_scene0000_00', 'scene0000_00_xyzrgb_boxes.npz')) as content:
        return content['points'][:, :3].astype(np.float64), False  # a random half of the vertices


@pytest.mark.slow
@pytest.mark.parametrize(('domain', 'real'), [('s3dis', s3dis_part), ('scannet', scannet_scene)])
def test_windows_of_generated_rooms_are_as_full_as_those_of_a_real_scan_of_the_same_spacing(
    domain, real, tmp_path
):
    xyz, evenly = real()
    root = make_rooms(domain, tmp_path, 1, points_per_room=5_000_000, workers=1)
    (path,) = (root / 'points').iterdir()
    room = np.fromfile(path, np.float32).reshape(-1, 6)[:, :3].astype(np.float64)
    thinned = thin_to_distance(room, neighbour_distance(xyz), evenly)
    for size in (0.02, 0.04, 0.1):
        assert np.isclose(window_occupancy(thinned, size), window_occupancy(xyz, size), rtol=0.3), size
