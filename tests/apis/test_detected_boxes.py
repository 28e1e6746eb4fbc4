"""Boxes keep their values through files, turns and sorting."""

import dataclasses

import numpy as np
import pytest

from swin3d_mmdet3d.apis import DetectedBoxes, read_boxes, write_boxes
from swin3d_mmdet3d.visualization import box_corners

NAMES = ('chair', 'table', 'sofa')


def some_boxes(count=6):
    rng = np.random.default_rng(0)
    return DetectedBoxes(
        center=rng.uniform(-1e6, 1e6, (count, 3)),
        size=rng.uniform(0, 2, (count, 3)),
        yaw=rng.uniform(-3, 3, count),
        score=rng.random(count),
        label=rng.integers(0, 3, count),
    )


@pytest.mark.parametrize('count', [0, 6])
def test_json_gives_back_every_value_exactly(tmp_path, count):
    boxes = some_boxes(count)
    write_boxes(tmp_path / 'boxes.json', boxes, NAMES)
    back, names = read_boxes(tmp_path / 'boxes.json')
    assert names == NAMES and len(back) == count
    for field in dataclasses.fields(boxes):
        np.testing.assert_array_equal(getattr(back, field.name), getattr(boxes, field.name))


def test_turning_boxes_turns_their_corners():
    boxes = some_boxes()
    turned = boxes.turned(0.7)
    c, s = np.cos(0.7), np.sin(0.7)
    expected = box_corners(boxes.center, boxes.size, boxes.yaw) @ np.array([[c, s, 0], [-s, c, 0], [0, 0, 1]])
    np.testing.assert_allclose(box_corners(turned.center, turned.size, turned.yaw), expected, atol=1e-8)


def test_best_first_sorts_every_column_alike():
    boxes = some_boxes()
    order = sorted(range(6), key=lambda row: -boxes.score[row])
    best = boxes.best_first()
    for field in dataclasses.fields(boxes):
        np.testing.assert_array_equal(getattr(best, field.name), getattr(boxes, field.name)[order])
    assert (boxes.above(0.5).score >= 0.5).all() and len(boxes.above(0.5)) == (boxes.score >= 0.5).sum()


def test_wrong_values_and_files_are_refused(tmp_path):
    boxes = some_boxes()
    with pytest.raises(ValueError, match=r'center: expected shape \(6, 3\), got \(5, 3\)'):
        dataclasses.replace(boxes, center=boxes.center[:5])
    with pytest.raises(ValueError, match='score: expected finite'):
        dataclasses.replace(boxes, score=np.full(6, np.nan))
    with pytest.raises(ValueError, match='label: expected 0..1, got 0..2'):
        write_boxes(tmp_path / 'boxes.json', boxes, NAMES[:2])
    assert not (tmp_path / 'boxes.json').exists()
    for text in ('[]', '{"classes": ["a"], "boxes": [{"class": "b"}]}', 'x'):
        (tmp_path / 'wrong.json').write_text(text)
        with pytest.raises(ValueError, match='wrong.json is not a file of boxes'):
            read_boxes(tmp_path / 'wrong.json')
    with pytest.raises(ValueError, match='none.json is not a file of boxes'):
        read_boxes(tmp_path / 'none.json')
