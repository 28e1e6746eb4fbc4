"""Voxelisation: one voxel id per point, one representative per voxel, features and signals of it."""

import pytest
import torch
from mmdet3d.registry import MODELS

import swin3d_mmdet3d  # noqa: F401


def preprocessor(**arguments):
    return MODELS.build(dict(type='VoxelPreprocessor', **{'voxel_size': 0.1, **arguments}))


def cloud(num_points=200, columns=6, extent=1.0):
    points = torch.rand(num_points, columns) * 2 - 1
    points[:, :3] = torch.rand(num_points, 3) * extent
    return points


def test_points_of_a_voxel_and_only_they_share_a_row():
    clouds = [cloud(), cloud(77)]
    batch = preprocessor().voxelize_points(clouds)
    for scene, points in enumerate(clouds):
        cells = ((points[:, :3].double() - points[:, :3].double().amin(0)) / 0.1).floor().long()
        rows = batch.point2voxel[scene]
        wanted = (cells[:, None] == cells[None]).all(-1)
        assert torch.equal(rows[:, None] == rows[None], wanted)
        assert torch.equal(batch.voxels.coords[rows, 1:].long(), cells)
        assert (batch.voxels.coords[rows, 0] == scene).all()


def test_first_point_of_a_voxel_represents_it():
    points = cloud(300, extent=0.5)
    batch = preprocessor().voxelize_points([points])
    rows = batch.point2voxel[0].tolist()
    assert batch.representative.tolist() == [rows.index(row) for row in range(len(batch.voxels))]
    first = points[batch.representative]
    torch.testing.assert_close(batch.feats[:, :3], first[:, 3:6])
    torch.testing.assert_close(batch.voxels.signals['rgb'], first[:, 3:6] / 1.001)
    place = (first[:, :3] - points[:, :3].amin(0)) / 0.1
    torch.testing.assert_close(batch.voxels.signals['xyz'], place, atol=1e-5, rtol=1e-5)
    torch.testing.assert_close(batch.feats[:, 3:] + batch.voxels.coords[:, 1:], place, atol=1e-5, rtol=1e-5)
    assert batch.feats[:, 3:].min() >= 0 and batch.feats[:, 3:].max() < 1


def test_scene_far_from_the_origin_gives_the_same_voxels():
    points = cloud(500, extent=2.0).double()
    points[:, :3] = (points[:, :3] * 1024).round() / 1024  # exact at any of the offsets
    far = points.clone()
    far[:, :3] += torch.tensor([1e6, -4e6, 2**20])
    near_batch, far_batch = (preprocessor().voxelize_points([p]) for p in (points, far))
    assert torch.equal(near_batch.voxels.coords, far_batch.voxels.coords)
    assert torch.equal(near_batch.feats, far_batch.feats)
    assert torch.equal(near_batch.voxels.signals['xyz'], far_batch.voxels.signals['xyz'])


def test_training_keeps_one_point_per_voxel_of_a_crop():
    points = cloud(2000, extent=1.0)
    points[:, :3] -= points[:, :3].amin(0)
    whole = preprocessor().voxelize_points([points], keep_lattice=True)
    assert torch.equal(whole.voxels.coords, preprocessor().voxelize_points([points]).voxels.coords)
    sampled = points[whole.representative]
    crop = sampled[sampled[:, 0] > 0.437]
    batch = preprocessor().voxelize_points([crop], keep_lattice=True)
    assert len(batch.voxels) == len(crop)
    assert len(preprocessor().voxelize_points([crop]).voxels) < len(crop)


def test_axes_permute_coordinates_offsets_and_normals():
    points = cloud(100, columns=9)
    swapped = points[:, [0, 2, 1, 3, 4, 5, 6, 8, 7]]
    options = dict(features=('rgb', 'normal', 'offset'), signals=('xyz', 'rgb', 'normal'))
    one = preprocessor(axes=(0, 2, 1), **options).voxelize_points([points])
    two = preprocessor(**options).voxelize_points([swapped])
    assert torch.equal(one.feats, two.feats)
    assert torch.equal(one.voxels.coords, two.voxels.coords)
    assert torch.equal(one.voxels.signals['normal'], two.voxels.signals['normal'])


def test_one_point_is_one_voxel():
    batch = preprocessor().voxelize_points([cloud(1), cloud(5)])
    assert batch.voxels.coords[0].tolist() == [0, 0, 0, 0]
    assert batch.point2voxel[0].tolist() == [0]


@pytest.mark.parametrize(
    'spoil, message',
    [
        (lambda p: p[:0], r'points of scene 1 must be \(P, 6\)'),
        (lambda p: p[:, :4], r"must have columns for \['xyz', 'rgb'\] \(6\), got 4"),
        (
            lambda p: p.index_fill(0, torch.tensor([3]), float('nan')),
            'points of scene 1 must be finite',
        ),
        (lambda p: p * torch.tensor([float('inf'), 1, 1, 1, 1, 1]), 'must be finite'),
        (
            lambda p: p * torch.tensor([1, 1, 1, 255, 255, 255]),
            r'rgb of points of scene 1 must lie in \[-1, 1\]',
        ),
        (lambda p: torch.cat([p[:, :3], p[:, 3:].abs() * 255], dim=1), 'NormalizeColorSigned brings colours'),
        (lambda p: torch.cat([p[:, :3], p[:, 3:] - 1], dim=1), 'rgb of points of scene 1 must lie'),
        (lambda p: p * torch.tensor([1e12, 1, 1, 1, 1, 1]), 'must extend over fewer than'),
    ],
)
def test_bad_points_are_refused_by_name(spoil, message):
    with pytest.raises(ValueError, match=message):
        preprocessor().voxelize_points([cloud(), spoil(cloud())])


def test_offsets_stay_below_1_where_float32_rounds_up():
    points = torch.zeros(2, 6, dtype=torch.float64)
    points[1, :3] = 0.2 - 1e-11
    batch = preprocessor(features=('offset',)).voxelize_points([points])
    assert batch.voxels.coords[1].tolist() == [0, 1, 1, 1]
    assert (batch.feats[1] < 1).all() and (batch.feats[1] > 1 - 1e-7).all()


def test_an_extent_of_exactly_2_to_the_31_voxels_is_refused():
    points = torch.zeros(2, 6)
    points[1, 0] = 2.0**31
    with pytest.raises(ValueError, match=f'must extend over fewer than {2**31} voxels'):
        preprocessor(voxel_size=1).voxelize_points([points])


@pytest.mark.parametrize('keep_lattice', [True, False])
def test_places_that_float64_cannot_tell_apart_are_refused(keep_lattice):
    points = cloud(20).double()
    points[:, 0] += 1e6
    with pytest.raises(ValueError, match=r'must lie within 1.1e\+12 voxels of 1e-09 m .* got 1e\+06 m'):
        preprocessor(voxel_size=1e-9).voxelize_points([points], keep_lattice)


@pytest.mark.parametrize('keep_lattice', [True, False])
def test_scene_almost_as_far_as_allowed_has_exact_voxels(keep_lattice):
    points = cloud(300, extent=2.0).double()
    cells = (points[:, :3] * 8).floor().long()
    points[:, :3] = (cells + 0.5) / 8
    points[:, :3] += 2.0**36  # 2^39 voxels of 1 / 8
    batch = preprocessor(voxel_size=0.125).voxelize_points([points], keep_lattice)
    coords = batch.voxels.coords[batch.point2voxel[0], 1:].long()
    assert torch.equal(coords - coords.amin(0), cells - cells.amin(0))


def test_extent_beyond_the_voxel_key_is_refused():
    corners = torch.zeros(2, 6)
    corners[1, :3] = 2e8  # 2^31 voxels of 0.1 m on each axis: 93 bits
    with pytest.raises(ValueError, match='extent'):
        preprocessor().voxelize_points([corners])


@pytest.mark.parametrize(
    'arguments, message',
    [
        (dict(voxel_size=0), 'voxel_size must be'),
        (dict(features=('rgb', 'height')), 'features must be'),
        (dict(features=()), 'features must be'),
        (dict(signals=('rgb',)), 'signals must be'),
        (dict(axes=(0, 1, 1)), 'axes must be'),
    ],
)
def test_bad_arguments_are_refused_by_name(arguments, message):
    with pytest.raises(ValueError, match=message):
        preprocessor(**arguments)
