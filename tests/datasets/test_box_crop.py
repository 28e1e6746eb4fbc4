"""The crop for detection holds each box whole or not at all, and never more points than asked for."""

import numpy as np
import pytest
import torch
from mmdet3d.structures import DepthInstance3DBoxes

from swin3d_mmdet3d.datasets.transforms import BoxKeepingCrop
from swin3d_mmdet3d.datasets.transforms.points import box_crop
from swin3d_mmdet3d.structures.normal_points import NormalPoints

BACKGROUND = 9


def scene(xyz, label, boxes, box_labels):
    """Points with their row number as red, which must stay beside them."""
    xyz = np.asarray(xyz, dtype=np.float32)
    columns = np.zeros((len(xyz), 6), dtype=np.float32)
    columns[:, :3], columns[:, 3] = xyz, np.arange(len(xyz))
    rows = torch.tensor(np.asarray(boxes), dtype=torch.float32)
    rows = rows if rows.ndim == 2 else rows.view(-1, 6)
    return dict(
        points=NormalPoints.from_columns(columns),
        pts_semantic_mask=np.asarray(label, dtype=np.int64),
        pts_instance_mask=np.arange(len(xyz)) + 1000,
        gt_bboxes_3d=DepthInstance3DBoxes(rows, box_dim=rows.shape[1], origin=(0.5, 0.5, 0.5)),
        gt_labels_3d=np.array(box_labels, dtype=np.int64),
    )


def kept_rows(results):
    rows = results['points'].tensor[:, 3].long().numpy()
    np.testing.assert_array_equal(results['pts_instance_mask'], rows + 1000)
    return rows


def line(start, count):
    """Points 0.1 m apart along x."""
    return [[start + 0.1 * i, 0, 0] for i in range(count)]


def two_boxes():
    """Rows 0..10 fill box A (x 0..1), rows 11..21 box B (x 2..3), rows 22..24 lie between them."""
    xyz = [*line(0, 11), *line(2, 11), [1.2, 0, 0], [1.4, 0, 0], [1.6, 0, 0]]
    label = [0] * 11 + [1] * 11 + [BACKGROUND] * 3
    return scene(xyz, label, [[0.5, 0, 0, 1, 0, 0], [2.5, 0, 0, 1, 0, 0]], [0, 1])


@pytest.fixture
def seed_at(monkeypatch):
    """Fix which point is the seed; returns a setter."""
    offered = []

    def choose(row):
        def choice(candidates):
            offered.append(candidates)
            return row

        monkeypatch.setattr(box_crop.np.random, 'choice', choice)
        return offered

    return choose


def test_cut_box_comes_back_or_leaves_by_its_overlap(seed_at):
    seed_at(0)
    # From x = 0: 11 points of A, 3 of the background, then B. With 4 of B its extent is 0.3 of 1 m.
    few = BoxKeepingCrop(max_points=18)(two_boxes())
    np.testing.assert_array_equal(kept_rows(few), [*range(11), 22, 23, 24])
    assert few['gt_labels_3d'].tolist() == [0]
    # With 8 of B it is 0.7: the other 3 come back, in the place of the background.
    many = BoxKeepingCrop(max_points=22)(two_boxes())
    np.testing.assert_array_equal(kept_rows(many), np.arange(22))
    assert many['gt_labels_3d'].tolist() == [0, 1]
    np.testing.assert_allclose(many['gt_bboxes_3d'].gravity_center[:, 0], [0.5, 2.5])
    # The bound itself is an argument.
    strict = BoxKeepingCrop(max_points=22, min_overlap=0.75)(two_boxes())
    assert strict['gt_labels_3d'].tolist() == [0]


def test_box_that_the_crop_holds_whole_stays_however_empty(seed_at):
    seed_at(0)
    results = two_boxes()
    # Box A claims ten times the height of its points.
    results['gt_bboxes_3d'].tensor[0, 5] = 10
    assert BoxKeepingCrop(max_points=14)(results)['gt_labels_3d'].tolist() == [0]


def test_boxes_beyond_the_limit_leave_farthest_first(seed_at):
    seed_at(0)
    results = two_boxes()
    results['pts_semantic_mask'][22:] = 1
    cropped = BoxKeepingCrop(max_points=21)(results)
    assert cropped['gt_labels_3d'].tolist() == [0]
    np.testing.assert_array_equal(kept_rows(cropped)[:11], np.arange(11))


def test_single_large_box_is_thinned_to_the_limit(seed_at):
    seed_at(5)
    # Eleven columns of ten points each: the nearest 60 span more than half the box.
    xyz = [[0.1 * i, 0.01 * j, 0] for i in range(11) for j in range(10)]
    results = scene(xyz, [0] * 110, [[0.5, 0.045, 0, 1, 0.09, 0]], [0])
    cropped = BoxKeepingCrop(max_points=70, min_overlap=0.1)(results)
    assert len(kept_rows(cropped)) == 70 and cropped['gt_labels_3d'].tolist() == [0]
    assert len(np.unique(kept_rows(cropped))) == 70


def test_seed_lies_in_a_box_where_there_is_one(seed_at):
    offered = seed_at(3)
    BoxKeepingCrop(max_points=5)(two_boxes())
    np.testing.assert_array_equal(offered[-1], np.arange(22))


@pytest.mark.parametrize('boxes, labels', [([], []), ([[9, 9, 9, 1, 1, 1]], [0])])
def test_scene_without_object_points_is_cropped_to_no_boxes(boxes, labels):
    results = scene(np.random.rand(100, 3), [BACKGROUND] * 100, boxes, labels)
    cropped = BoxKeepingCrop(max_points=40)(results)
    assert len(kept_rows(cropped)) == 40
    assert cropped['gt_bboxes_3d'].tensor.shape == (0, 7) and cropped['gt_labels_3d'].shape == (0,)


def test_crop_without_boxes_is_the_ball_around_the_seed(seed_at):
    xyz = np.random.default_rng(3).random((200, 3))
    seed_at(17)
    cropped = BoxKeepingCrop(max_points=60)(scene(xyz, [BACKGROUND] * 200, [], []))
    distance = np.linalg.norm(xyz.astype(np.float32) - xyz.astype(np.float32)[17], axis=1)
    np.testing.assert_array_equal(kept_rows(cropped), np.sort(np.argsort(distance)[:60]))


def test_scene_of_few_points_stays_as_it_is():
    results = BoxKeepingCrop(max_points=25)(two_boxes())
    np.testing.assert_array_equal(kept_rows(results), np.arange(25))
    assert results['gt_labels_3d'].tolist() == [0, 1]


def test_boxes_are_whole_or_gone_in_random_scenes():
    rng = np.random.default_rng(0)
    sizes = set()
    for _ in range(60):
        count = rng.integers(1, 8)
        center, size = rng.uniform(0, 4, (count, 3)), rng.uniform(0.2, 1.2, (count, 3))
        labels = rng.integers(0, 3, count)
        inside = [rng.uniform(c - s / 2, c + s / 2, (40, 3)) for c, s in zip(center, size)]
        xyz = np.concatenate([*inside, rng.uniform(0, 4, (150, 3))])
        label = np.concatenate([np.repeat(labels, 40), np.full(150, BACKGROUND)])
        limit = int(rng.integers(41, len(xyz)))
        results = scene(xyz, label, np.hstack([center, size]), labels)
        cropped = BoxKeepingCrop(limit)(results)
        rows = kept_rows(cropped)
        assert len(rows) <= limit and (np.diff(rows) > 0).all()
        own = [
            set(np.flatnonzero((label == b) & (abs(xyz - c) <= s / 2 + 1e-3).all(1)))
            for b, c, s in zip(labels, center, size)
        ]
        kept_centers = {tuple(c) for c in cropped['gt_bboxes_3d'].gravity_center.numpy().round(3).tolist()}
        stays = [tuple(c) in kept_centers for c in center.astype(np.float32).round(3).tolist()]
        assert sum(stays) == len(cropped['gt_labels_3d'])
        whole = set().union(*(own[b] for b in range(count) if stays[b]), set())
        gone = set().union(*(own[b] for b in range(count) if not stays[b]), set()) - whole
        assert not gone & set(rows.tolist())
        if len(whole) <= limit:
            assert whole <= set(rows.tolist())
        sizes.add(sum(stays))
    assert len(sizes) > 3


@pytest.mark.parametrize('angle', [0.5, 2.0, -2.8])
def test_turning_scene_and_boxes_keeps_the_same_points_and_boxes(angle):
    rng = np.random.default_rng(0)
    cos, sin = np.cos(angle), np.sin(angle)
    turn = np.array([[cos, sin, 0], [-sin, cos, 0], [0, 0, 1]])
    for seed in range(10):
        # far enough apart that no point lies on a face of another's box
        center = np.array([[x, y, 0.5] for x in (0.5, 2.5) for y in (0.5, 2.5)])
        size, labels = rng.uniform(0.3, 1.6, (4, 3)), rng.integers(0, 3, 4)
        inside = [rng.uniform(c - s / 2, c + s / 2, (40, 3)) for c, s in zip(center, size)]
        xyz = np.concatenate([*inside, rng.uniform(0, 3, (100, 3))])
        label = np.concatenate([np.repeat(labels, 40), np.full(100, BACKGROUND)])
        boxes = np.hstack([center, size, np.zeros((4, 1))])
        turned = np.hstack([center @ turn, size, np.full((4, 1), angle)])
        kept = []
        for places, rows in ((xyz, boxes), (xyz @ turn, turned)):
            np.random.seed(seed)
            cropped = BoxKeepingCrop(130)(scene(places, label, rows, labels))
            kept.append((kept_rows(cropped), cropped['gt_labels_3d']))
        np.testing.assert_array_equal(kept[0][0], kept[1][0])
        np.testing.assert_array_equal(kept[0][1], kept[1][1])
        assert 60 < len(kept[0][0]) <= 130 and 0 < len(kept[0][1]) < 4


def test_bad_arguments_are_refused():
    with pytest.raises(ValueError, match='max_points must be an integer of at least 1, got 0'):
        BoxKeepingCrop(max_points=0)
    with pytest.raises(ValueError, match='min_overlap must be a probability'):
        BoxKeepingCrop(max_points=5, min_overlap=1.5)
