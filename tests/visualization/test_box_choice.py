"""Of many boxes a picture shows the best that do not repeat each other, with names that can be read."""

import numpy as np
import pytest
from PIL import Image

from swin3d_mmdet3d.visualization import BoxSet, View, box_corners, box_picture, choose_boxes
from swin3d_mmdet3d.visualization.box_tags import draw_box_tags

PALETTE, NAMES = [(230, 0, 0), (0, 0, 230)], ['chair', 'table']


def some_boxes(center, label, score):
    center = np.array(center, float)
    corners = box_corners(center, np.ones_like(center))
    return BoxSet('found', corners, np.array(label), None if score is None else np.array(score))


def test_a_box_that_repeats_a_better_one_of_its_class_is_left_out():
    # Shifted by a third of its edge a box shares 2/3 of either: IoU 1/2; by a quarter, 3/5.
    center = [[0, 0, 0], [0.25, 0, 0], [0.25, 0, 0], [0.34, 0, 0], [9, 0, 0]]
    found = choose_boxes(some_boxes(center, [0, 0, 1, 0, 0], [0.5, 0.9, 0.2, 0.4, 0.1]), max_overlap=0.5)
    # The second beats the first; the third is of another class; the fourth repeats the second.
    assert found.score.tolist() == [0.9, 0.2, 0.1] and found.label.tolist() == [0, 1, 0]
    found = choose_boxes(some_boxes([[0, 0, 0], [0.34, 0, 0]], [0, 0], [0.5, 0.9]), max_overlap=0.5)
    assert found.score.tolist() == [0.9, 0.5]


def test_at_most_so_many_boxes_are_kept_the_best_first():
    score = np.random.default_rng(0).uniform(0, 1, 50)
    center = np.stack([3.0 * np.arange(50), np.zeros(50), np.zeros(50)], axis=1)
    found = choose_boxes(some_boxes(center, np.zeros(50, int), score), max_boxes=7)
    np.testing.assert_array_equal(found.score, np.sort(score)[:-8:-1])


def test_boxes_of_the_truth_are_all_kept():
    truth = some_boxes([[0, 0, 0]] * 40, [0] * 40, None)
    assert len(choose_boxes(truth)) == 40
    assert len(choose_boxes(some_boxes(np.zeros((0, 3)), [], []))) == 0


def test_tags_lie_above_their_boxes_and_never_cover_each_other():
    view = View(eye=(0, -6, 0), target=(0, 0, 0))
    corners = box_corners(np.array([[0.0, 0, 0], [0.05, 0, 0], [2, 0, 0]]), np.ones((3, 3)))
    picture = Image.new('RGB', (400, 300), 'white')
    colors = np.array([(230, 0, 0), (0, 160, 0), (0, 0, 230)])
    draw_box_tags(picture, corners, ['chair 0.90', 'hidden', 'table'], colors, view)
    image = np.asarray(picture).astype(int)
    first, hidden, last = (np.argwhere(np.abs(image - color).sum(-1) < 30) for color in colors)
    assert len(first) > 200 and len(hidden) == 0 and len(last) > 200
    # The middle of the upper face is half a metre up at 6 m: 150 / tan(22.5) * 0.5 / 6 pixels.
    top = 150 - 150 / np.tan(np.radians(22.5)) * 0.5 / 6
    assert abs(first[:, 0].max() - top) < 4 and abs(first[:, 1].mean() - 200) < 4


def test_picture_of_fifty_boxes_says_how_many_it_shows():
    rng = np.random.default_rng(0)
    xyz = rng.uniform(0, [8, 6, 0.02], (3000, 3))
    boxes = some_boxes(rng.uniform(1, 5, (50, 3)) * [1, 1, 0.1], np.zeros(50, int), rng.uniform(0, 1, 50))
    few = box_picture(xyz, np.full((3000, 3), 200), [choose_boxes(boxes, 3)], PALETTE, NAMES, (120, 160))
    many = box_picture(xyz, np.full((3000, 3), 200), [boxes], PALETTE, NAMES, (120, 160))
    titles = [np.asarray(it)[:30, 166:] for it in (few, many)]
    assert (titles[1] < 128).sum() > 1.5 * (titles[0] < 128).sum()


def test_bad_sets_are_refused_by_title():
    with pytest.raises(ValueError, match=r'found: expected corners \(2, 8, 3\)'):
        BoxSet('found', np.zeros((3, 8, 3)), np.zeros(2, int))
    with pytest.raises(ValueError, match=r'found: expected a score for each of 2 boxes, got \(3,\)'):
        BoxSet('found', np.zeros((2, 8, 3)), np.zeros(2, int), np.zeros(3))
