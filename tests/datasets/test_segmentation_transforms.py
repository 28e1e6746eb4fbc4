"""Properties of the segmentation transforms."""

import math

import numpy as np
import pytest
import torch
from mmdet3d.registry import TRANSFORMS
from scipy.ndimage import map_coordinates, uniform_filter1d

from swin3d_mmdet3d.datasets.transforms.points.axis_rotation import rotation_matrix
from swin3d_mmdet3d.datasets.transforms.points.elastic_distortion import smooth_noise
from swin3d_mmdet3d.datasets.transforms.points.grid_sample import first_of_each, grid_keys
from swin3d_mmdet3d.structures.normal_points import NormalPoints


def build(name, **arguments):
    return TRANSFORMS.build(dict(type=name, **arguments))


@pytest.fixture
def results():
    """A cloud whose label is its row, so that labels tell where points went."""
    columns = torch.rand(2000, 9)
    columns[:, :3] = columns[:, :3] * 2 - 0.7
    columns[:, 3:6] = (columns[:, 3:6] * 255).floor()
    columns[:, 6:] = torch.nn.functional.normalize(columns[:, 6:] - 0.5, dim=1)
    rows = np.arange(2000)
    return dict(points=NormalPoints.from_columns(columns), pts_semantic_mask=rows, pts_instance_mask=rows + 7)


def cells(xyz, size):
    """Oracle of the voxel of each point, as tuples."""
    xyz = xyz.double().numpy()
    return [tuple(row) for row in np.floor((xyz - xyz.min(0)) / size).astype(int).tolist()]


def assert_labels_follow(before, after):
    rows = after['pts_semantic_mask']
    assert torch.equal(after['points'].tensor, before[rows])
    assert np.array_equal(after['pts_instance_mask'], rows + 7)


def test_one_point_of_every_voxel_is_kept_and_the_grid_stays(results):
    before = results['points'].tensor.clone()
    occupied = set(cells(before[:, :3], 0.25))
    sampled = build('GridSample', voxel_size=0.25)(results)
    assert_labels_follow(before, sampled)
    kept = cells(sampled['points'].coord, 0.25)
    assert set(kept) == occupied
    assert len(kept) - len(set(kept)) <= 2  # only the points that hold the corner may share a voxel
    assert torch.equal(sampled['points'].coord.amin(0), before[:, :3].amin(0))


def test_all_points_that_hold_the_corner_stay_even_in_one_voxel():
    columns = torch.rand(60, 6) * 0.4 + 0.05  # all in the first voxel
    columns[:3, :3] = torch.tensor([[0, 0.1, 0.1], [0.1, 0, 0.1], [0.1, 0.1, 0]])
    for _ in range(20):
        cloud = dict(points=NormalPoints.from_columns(columns), pts_semantic_mask=np.arange(60))
        assert build('GridSample', voxel_size=0.5)(cloud)['pts_semantic_mask'].tolist() == [0, 1, 2]


def test_points_of_a_voxel_are_kept_equally_often(results):
    columns = torch.zeros(12, 6)
    columns[2:, :3] = 0.99  # ten points in the far voxel, two near the corner
    counts = np.zeros(12)
    for _ in range(2000):
        cloud = dict(points=NormalPoints.from_columns(columns), pts_semantic_mask=np.arange(12))
        counts[build('GridSample', voxel_size=0.5)(cloud)['pts_semantic_mask']] += 1
    assert np.abs(counts[2:] - 200).max() < 5 * math.sqrt(200)


def test_sphere_crop_keeps_a_ball_of_exactly_n_points(results):
    before = results['points'].tensor.clone()
    cropped = build('SphereCrop', max_points=300)(results)
    assert_labels_follow(before, cropped)
    rows = cropped['pts_semantic_mask']
    assert len(rows) == 300
    distance = torch.cdist(before[:, :3].double(), before[:, :3].double())
    outside = np.setdiff1d(np.arange(2000), rows)
    inner, outer = distance[rows][:, rows].amax(1), distance[rows][:, outside].amin(1)
    assert bool((inner <= outer).any())  # some kept point is the centre


@pytest.mark.parametrize(
    ('arguments', 'count'), [((5000, 1.0), 2000), ((5000, 0.8), 1600), ((900, 0.8), 900)]
)
def test_sphere_crop_obeys_both_limits(results, arguments, count):
    cropped = build('SphereCrop', max_points=arguments[0], keep_ratio=arguments[1])(results)
    assert len(cropped['points']) == count


def test_radius_crop_keeps_all_points_within_the_radius(results):
    before = results['points'].tensor.clone()
    cropped = build('RadiusCrop', radius=0.5)(results)
    assert_labels_follow(before, cropped)
    distance = torch.cdist(before[:, :3].double(), before[:, :3].double())
    kept = set(cropped['pts_semantic_mask'].tolist())
    assert any(set(np.flatnonzero(row <= 0.5).tolist()) == kept for row in distance.numpy())


def test_crops_keep_the_rim_of_the_sphere_and_never_nothing():
    columns = torch.zeros(3, 6)
    columns[:, 0] = torch.tensor([0, 0.5, 1.0])
    line = NormalPoints.from_columns(columns)
    counts = {len(build('RadiusCrop', radius=0.5)(dict(points=line.clone()))['points']) for _ in range(40)}
    assert counts == {2, 3}  # from an end and from the middle
    assert len(build('SphereCrop', max_points=5, keep_ratio=0.5)(dict(points=line[:1]))['points']) == 1


def test_dropout_leaves_out_the_ratio(results):
    before = results['points'].tensor.clone()
    left = build('RandomPointDropout', drop_ratio=0.3, prob=1.0)(results)
    assert_labels_follow(before, left)
    assert len(left['points']) == 1400


def test_shift_puts_the_corner_at_the_origin_and_back_restores_the_cloud(results):
    far = torch.tensor([1000.0, -500.0, 30.0])
    results['points'].coord = results['points'].coord + far
    before = results['points'].coord.clone().double()
    after = build('PositiveShift')(results)['points'].coord.double()
    assert torch.equal(after.amin(0), torch.zeros(3, dtype=torch.float64))
    torch.testing.assert_close(after + before.amin(0), before, atol=1e-6, rtol=0)


def test_center_shift_centres_x_and_y_and_puts_the_floor_at_zero(results):
    xyz = build('CenterShift')(results)['points'].coord
    middle = (xyz.amin(0) + xyz.amax(0)) / 2
    torch.testing.assert_close(middle[:2], torch.zeros(2), atol=1e-6, rtol=0)
    assert xyz[:, 2].min() == 0


def test_shift_moves_boxes_with_the_points(results):
    from mmdet3d.structures import DepthInstance3DBoxes

    low = results['points'].coord.amin(0)
    results['gt_bboxes_3d'] = DepthInstance3DBoxes(torch.tensor([[1.0, 2, 3, 1, 1, 1, 0]]))
    moved = build('PositiveShift')(results)['gt_bboxes_3d']
    torch.testing.assert_close(moved.tensor[0, :3], torch.tensor([1.0, 2, 3]) - low)


@pytest.mark.parametrize(('axis', 'start', 'end'), [('x', 'y', 'z'), ('y', 'z', 'x'), ('z', 'x', 'y')])
def test_quarter_turn_takes_one_axis_to_the_next(axis, start, end):
    unit = dict(zip('xyz', np.eye(3)))
    np.testing.assert_allclose(rotation_matrix(axis, math.pi / 2) @ unit[start], unit[end], atol=1e-15)


def test_axis_rotation_turns_points_and_normals_alike(results):
    before = results['points'].tensor.clone().double()
    turned = build('RandomAxisRotation', axis='x', angle_range=(0.4, 0.4))(results)['points'].tensor.double()
    matrix = torch.from_numpy(rotation_matrix('x', 0.4))
    torch.testing.assert_close(turned[:, :3], before[:, :3] @ matrix.T, atol=1e-6, rtol=0)
    torch.testing.assert_close(turned[:, 6:], before[:, 6:] @ matrix.T, atol=1e-6, rtol=0)


def test_stock_rotation_and_scale_keep_heights_and_angles(results):
    """Of the recipes: any angle about z and one factor in 0.8 .. 1.2; normals turn and keep their length."""
    before = results['points'].tensor.double()
    pipeline = dict(rot_range=[-math.pi, math.pi], scale_ratio_range=[0.8, 1.2])
    after = build('GlobalRotScaleTrans', **pipeline)(results)['points'].tensor.double()
    factor = float(after[0, 2] / before[0, 2])
    assert 0.8 <= factor <= 1.2
    torch.testing.assert_close(after[:, 2], before[:, 2] * factor, atol=1e-5, rtol=0)
    torch.testing.assert_close(after[:, 8], before[:, 8], atol=1e-5, rtol=0)
    torch.testing.assert_close(after[:, 3:6], before[:, 3:6])
    dot = (before[:, :2] * before[:, 6:8]).sum(1) * factor
    torch.testing.assert_close((after[:, :2] * after[:, 6:8]).sum(1), dot, atol=1e-5, rtol=0)


def test_stock_jitter_moves_points_alone_within_its_clip(results):
    before = results['points'].tensor.clone()
    after = build('RandomJitterPoints', jitter_std=[0.005] * 3, clip_range=[-0.02, 0.02])(results)[
        'points'
    ].tensor
    shift = (after - before)[:, :3]
    assert float(shift.abs().max()) <= 0.02 + 1e-6
    assert float(shift.std()) == pytest.approx(0.005, rel=0.1)
    assert torch.equal(after[:, 3:], before[:, 3:])


def test_signed_colours_are_the_closed_form(results):
    before = results['points'].color.double()
    signed = build('NormalizeColorSigned')(results)['points'].color.double()
    torch.testing.assert_close(signed, before / 127.5 - 1, atol=1e-6, rtol=0)


@pytest.mark.parametrize('value', [-1.0, 255.5, math.nan, math.inf])
def test_colours_out_of_range_raise_with_the_scene(results, value):
    results['points'].tensor[5, 4] = value
    results['lidar_points'] = dict(lidar_path='room.bin')
    with pytest.raises(ValueError, match=r'room\.bin: colours must be finite and lie in 0 \.\. 255'):
        build('NormalizeColorSigned')(results)


def test_dropped_colours_are_middle_grey(results):
    dropped = build('RandomDropColor', prob=1.0)(build('NormalizeColorSigned')(results))
    assert torch.equal(dropped['points'].color, torch.zeros(2000, 3))


@pytest.mark.parametrize('brightest', [1.5, 255.0])
def test_dropping_unnormalised_colours_raises(results, brightest):
    results['points'].tensor[:, 3:6] = results['points'].color / 255 * brightest
    with pytest.raises(ValueError, match='place it behind NormalizeColorSigned'):
        build('RandomDropColor')(results)


def test_auto_contrast_blends_with_the_full_range(results, monkeypatch):
    monkeypatch.setattr(np.random, 'rand', lambda *shape: 0.25)
    color = results['points'].color.double() / 2 + 30
    color[:, 2] = 77.0  # a constant channel has no contrast to stretch
    results['points'].tensor[:, 3:6] = color.float()
    low, high = color.amin(0), color.amax(0)
    stretched = (color - low) * 255 / (high - low)
    expected = 0.75 * color + 0.25 * stretched
    expected[:, 2] = 77.0
    after = build('ChromaticAutoContrast', prob=1.0)(results)['points'].color.double()
    torch.testing.assert_close(after, expected, atol=1e-3, rtol=0)


def test_auto_contrast_never_leaves_the_range_by_rounding():
    color = torch.tensor([[5.0, 7.0, 0.0], [255.0, 250.0, 255.0]])
    for seed in range(300):
        np.random.seed(seed)
        points = NormalPoints.from_columns(torch.cat([torch.zeros(2, 3), color], dim=1))
        after = build('ChromaticAutoContrast', prob=1.0)(dict(points=points))['points'].color
        assert 0 <= after.min() and after.max() <= 255


def test_translation_adds_one_bounded_colour(results):
    results['points'].tensor[:, 3:6] = results['points'].color / 2 + 60
    before = results['points'].color.clone()
    change = build('ChromaticTranslation', prob=1.0, ratio=0.05)(results)['points'].color - before
    torch.testing.assert_close(change, change[:1].expand_as(change), atol=1e-4, rtol=0)
    assert 0 < change.abs().max() <= 0.05 * 255


def test_translation_darkens_as_often_as_it_brightens_each_channel_by_itself():
    translate = build('ChromaticTranslation', prob=1.0, ratio=0.1)
    grey = NormalPoints.from_columns(torch.full((1, 6), 100.0))
    change = torch.cat([translate(dict(points=grey.clone()))['points'].color - 100 for _ in range(400)])
    assert bool((change.abs() <= 25.5 + 1e-4).all())
    assert float(change.mean(0).abs().max()) < 5 * 25.5 / math.sqrt(3 * 400)
    assert bool((change.amin(0) < -20).all() & (change.amax(0) > 20).all())
    assert float(torch.corrcoef(change.T)[0, 1:].abs().max()) < 0.3


def test_jitter_has_the_asked_deviation_and_stays_in_range(results):
    edge = results['points'].color.clone()
    edge[:1000] = 127.0
    results['points'].tensor[:, 3:6] = edge
    color = build('ChromaticJitter', prob=1.0, std=0.05)(results)['points'].color
    assert abs(float(color[:1000].std()) / (0.05 * 255) - 1) < 0.06
    assert float(color.min()) >= 0
    assert float(color.max()) <= 255


def test_elastic_noise_is_smooth_and_scales_with_its_magnitude(results):
    xyz = results['points'].coord.clone()
    build('ElasticDistortion', scales=[(0.5, 0.01)], prob=1.0)(results)
    shift = (results['points'].coord - xyz).double()
    assert 0 < float(shift.abs().max()) < 0.05
    distance = torch.cdist(xyz.double(), xyz.double())
    distance.fill_diagonal_(math.inf)
    near = distance.argmin(1)
    slope = (shift - shift[near]).norm(dim=1) / distance[torch.arange(2000), near]
    assert float(slope.max()) < 0.2  # 0.01 m of noise cannot change by more over cells of 0.5 m


def test_elastic_distortion_adds_its_magnitudes_of_noise_one_after_the_other(results):
    xyz = results['points'].coord.numpy().copy()
    np.random.seed(7)
    build('ElasticDistortion', scales=[(0.5, 0.1), (0.9, 0.3)], prob=1.0)(results)
    np.random.seed(7)
    np.random.rand()  # whether to distort
    for cell, magnitude in ((0.5, 0.1), (0.9, 0.3)):
        xyz = xyz + magnitude * smooth_noise(xyz, cell)
    np.testing.assert_allclose(results['points'].coord.numpy(), xyz, atol=1e-6)


def test_elastic_noise_is_trilinear_between_the_nodes():
    """The middle of a cell edge has the mean of its ends, under the same noise."""
    ends = np.array([[0, 0, 0], [0.5, 0, 0], [0.25, 0, 0], [2.0, 2.0, 2.0]], dtype=np.float32)
    noise = smooth_noise(ends, 0.5)
    np.testing.assert_allclose(noise[2], (noise[0] + noise[1]) / 2, atol=1e-6)


def test_elastic_noise_agrees_with_scipy():
    xyz = np.random.default_rng(0).uniform(-3, 4, (500, 3)).astype(np.float32)
    np.random.seed(5)
    noise = smooth_noise(xyz, 0.8)
    np.random.seed(5)
    low = xyz.min(axis=0)
    nodes = np.random.randn(3, *((xyz.max(axis=0) - low) // 0.8).astype(int) + 3)
    for axis in (1, 2, 3) * 2:
        nodes = uniform_filter1d(nodes, 3, axis=axis, mode='constant')
    place = ((xyz - low) / 0.8 + 1).T
    expected = np.stack([map_coordinates(channel, place, order=1, mode='nearest') for channel in nodes], 1)
    np.testing.assert_allclose(noise, expected, atol=1e-5)


def test_voxels_of_points_on_their_borders_are_those_of_double_precision():
    steps = np.random.default_rng(0).integers(0, 4000, (5000, 3))
    xyz = (steps * 0.02 + [3.3, -7.1, 0.4]).astype(np.float32)
    cell = np.floor((xyz.astype(np.float64) - xyz.astype(np.float64).min(axis=0)) / 0.02).astype(np.int64)
    key = grid_keys(xyz, 0.02)
    np.testing.assert_array_equal(key, (cell[:, 0] << 42) | (cell[:, 1] << 21) | cell[:, 2])


def test_first_rows_are_those_of_numpy():
    keys = np.random.default_rng(0).integers(-9, 50, 400)
    np.testing.assert_array_equal(first_of_each(keys), np.unique(keys, return_index=True)[1])


def test_mix3d_holds_both_scenes_centred(results):
    other = NormalPoints.from_columns(results['points'].tensor + 0)
    other.translate(torch.tensor([50.0, 0, 0]))

    class OneScene:
        def __len__(self):
            return 1

        def get_data_info(self, index):
            rows = np.arange(2000)
            return dict(points=other, pts_semantic_mask=rows[::-1], pts_instance_mask=rows + 7)

    results['dataset'] = OneScene()
    mixed = build('Mix3D', pre_transform=[dict(type='NormalizeColorSigned')], prob=1.0)(results)
    assert np.array_equal(mixed['pts_semantic_mask'], [*range(2000), *range(1999, -1, -1)])
    first, second = mixed['points'].coord.chunk(2)
    torch.testing.assert_close(first, second, atol=1e-5, rtol=0)


@pytest.mark.parametrize(
    ('name', 'arguments', 'message'),
    [
        ('GridSample', dict(voxel_size=0), 'voxel_size must be a positive number, got 0'),
        ('SphereCrop', dict(max_points=0), 'max_points must be an integer of at least 1, got 0'),
        ('SphereCrop', dict(max_points=9, keep_ratio=1.5), r'keep_ratio must lie in \(0, 1\], got 1.5'),
        ('RadiusCrop', dict(radius=-1.0), 'radius must be a positive number, got -1.0'),
        ('RandomDropColor', dict(prob=1.2), r'prob must be a probability in \[0, 1\], got 1.2'),
        ('RandomAxisRotation', dict(axis='w', angle_range=(0, 1)), "axis must be 'x', 'y' or 'z', got 'w'"),
        ('RandomAxisRotation', dict(axis='x', angle_range=(1, 0)), 'angle_range must be two finite numbers'),
        ('ElasticDistortion', dict(scales=[(0.2,)]), 'scales must be pairs'),
        ('ElasticDistortion', dict(scales=[(0.0, 1.0)]), 'granularity must be a positive number'),
        ('ChromaticJitter', dict(std=-0.1), 'std must be a positive number, got -0.1'),
        ('RandomPointDropout', dict(drop_ratio=1.0), 'drop_ratio must be below 1'),
        ('Mix3D', dict(pre_transform=[]), 'pre_transform must load the second scene'),
    ],
)
def test_bad_arguments_raise_when_the_pipeline_is_built(name, arguments, message):
    with pytest.raises(ValueError, match=message):
        build(name, **arguments)


def test_extent_beyond_the_voxel_key_raises(results):
    results['points'].tensor[0, 0] = 1e7
    with pytest.raises(ValueError, match='points must extend over fewer than'):
        build('GridSample', voxel_size=0.01)(results)


@pytest.mark.parametrize('name', ['RandomAxisRotation', 'ElasticDistortion'])
def test_boxes_that_could_not_follow_raise(results, name):
    results['gt_bboxes_3d'] = object()
    arguments = dict(axis='x', angle_range=(0, 1)) if name == 'RandomAxisRotation' else {}
    with pytest.raises(ValueError, match='gt_bboxes_3d must not be present'):
        build(name, **arguments)(results)
