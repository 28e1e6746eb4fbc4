"""Suppression and overlaps against brute force on polygons and on volumes."""

import math

import mmcv.ops
import pytest
import torch

from swin3d_mmdet3d.models.layers import bev_nms, box_ious, compiled_ops, multiclass_bev_nms


def corners(box):
    """Corners of a box's outline seen from above, counter-clockwise."""
    x, y, _, width, depth = box[:5]
    yaw = box[6] if len(box) > 6 else 0.0
    cos, sin = math.cos(yaw), math.sin(yaw)
    local = [
        (-width / 2, -depth / 2),
        (width / 2, -depth / 2),
        (width / 2, depth / 2),
        (-width / 2, depth / 2),
    ]
    return [(x + u * cos - v * sin, y + u * sin + v * cos) for u, v in local]


def area(polygon):
    following = polygon[1:] + polygon[:1]
    return abs(sum(a[0] * b[1] - b[0] * a[1] for a, b in zip(polygon, following))) / 2


def clip(polygon, start, stop):
    """Part of a convex polygon to the left of an edge (Sutherland and Hodgman)."""

    def side(point):
        return (stop[0] - start[0]) * (point[1] - start[1]) - (stop[1] - start[1]) * (point[0] - start[0])

    kept = []
    for a, b in zip(polygon, polygon[1:] + polygon[:1]):
        if side(a) >= 0:
            kept.append(a)
        if side(a) * side(b) < 0:
            t = side(a) / (side(a) - side(b))
            kept.append((a[0] + t * (b[0] - a[0]), a[1] + t * (b[1] - a[1])))
    return kept


def shared_area(box, other):
    polygon, edges = corners(box), corners(other)
    for start, stop in zip(edges, edges[1:] + edges[:1]):
        polygon = clip(polygon, start, stop)
    return area(polygon) if len(polygon) > 2 else 0.0


def brute_force_nms(boxes, scores, threshold):
    rows = sorted(range(len(boxes)), key=lambda row: -scores[row])  # stable
    kept = []
    for row in rows:
        for better in kept:
            shared = shared_area(boxes[row], boxes[better])
            union = boxes[row][3] * boxes[row][4] + boxes[better][3] * boxes[better][4] - shared
            if shared / union > threshold:
                break
        else:
            kept.append(row)
    return kept


def random_boxes(count, columns):
    boxes = torch.cat([torch.rand(count, 3) * 4, torch.rand(count, 3) + 0.5], dim=1)
    return boxes if columns == 6 else torch.cat([boxes, torch.randn(count, 1) * 2], dim=1)


@pytest.mark.parametrize('columns', [6, 7])
@pytest.mark.parametrize('threshold', [0.25, 0.5])
def test_suppression_is_greedy_over_outlines_seen_from_above(columns, threshold):
    for _ in range(5):
        boxes, scores = random_boxes(60, columns), torch.rand(60)
        kept = bev_nms(boxes, scores, threshold)
        expected = brute_force_nms(boxes.double().tolist(), scores.tolist(), threshold)
        assert kept.tolist() == expected
        assert 5 < len(kept) < 60


def test_heights_do_not_count_in_suppression():
    boxes = torch.tensor([[0.0, 0, 0, 1, 1, 1], [0.0, 0, 9, 1, 1, 1]])
    assert bev_nms(boxes, torch.tensor([0.4, 0.6]), 0.5).tolist() == [1]


def test_equal_scores_are_taken_in_order():
    boxes = random_boxes(40, 6)
    kept = bev_nms(boxes, torch.full((40,), 0.3), 0.25)
    assert kept.tolist() == brute_force_nms(boxes.tolist(), [0.3] * 40, 0.25)
    assert kept[0] == 0


@pytest.mark.parametrize('columns', [6, 7])
def test_no_boxes_are_no_boxes(columns):
    none = torch.zeros(0, columns)
    assert bev_nms(none, torch.zeros(0), 0.5).shape == (0,)
    boxes, scores, labels = multiclass_bev_nms(none, torch.zeros(0, 3), 0.1, 0.5)
    assert boxes.shape == (0, columns) and scores.shape == (0,) and labels.dtype == torch.int64
    assert box_ious(none, random_boxes(3, columns)).shape == (0, 3)


def test_classes_are_suppressed_apart():
    boxes = torch.tensor([[0.0, 0, 0, 1, 1, 1], [0.1, 0, 0, 1, 1, 1], [5.0, 0, 0, 1, 1, 1]])
    scores = torch.tensor([[0.9, 0.2], [0.8, 0.7], [0.05, 0.3]])
    kept, score, label = multiclass_bev_nms(boxes, scores, 0.1, 0.5)
    assert label.tolist() == [0, 1, 1]
    torch.testing.assert_close(score, torch.tensor([0.9, 0.7, 0.3]))
    assert torch.equal(kept, boxes[[0, 1, 2]])


@pytest.mark.parametrize('columns', [6, 7])
def test_overlaps_are_those_of_volumes(columns):
    first, second = random_boxes(20, columns), random_boxes(15, columns)
    expected = torch.zeros(20, 15)
    for i, box in enumerate(first.double().tolist()):
        for j, other in enumerate(second.double().tolist()):
            low = max(box[2] - box[5] / 2, other[2] - other[5] / 2)
            high = min(box[2] + box[5] / 2, other[2] + other[5] / 2)
            shared = shared_area(box, other) * max(high - low, 0)
            expected[i, j] = shared / (math.prod(box[3:6]) + math.prod(other[3:6]) - shared)
    assert (expected > 0.1).sum() > 5
    torch.testing.assert_close(box_ious(first, second), expected, atol=1e-5, rtol=1e-4)


@pytest.fixture
def refuse_once(monkeypatch):
    """Makes an operator of mmcv refuse its first call; lists where its tensors are, and its log."""
    lines = []
    monkeypatch.setattr(compiled_ops, 'print_log', lambda text, *_: lines.append(text))
    compiled_ops._say_once.cache_clear()

    def refuse(name, message):
        op, devices = getattr(mmcv.ops, name), []

        def refusing(*args):
            devices.append({arg.device.type for arg in args if isinstance(arg, torch.Tensor)})
            if len(devices) % 2:
                raise RuntimeError(message)
            return op(*args)

        refusing.__name__ = name
        monkeypatch.setattr(mmcv.ops, name, refusing)
        return devices, lines

    yield refuse
    compiled_ops._say_once.cache_clear()


class Elsewhere(torch.Tensor):
    """A tensor of the CPU that says it is on another device."""

    device = property(lambda self: torch.device('meta'))

    def cpu(self):
        return self.as_subclass(torch.Tensor)


@pytest.mark.parametrize(
    'name, columns, message',
    [
        ('nms', 6, 'nms_impl: implementation for device cuda:0 not found.'),
        ('nms_rotated', 7, 'Not compiled with GPU support'),
    ],
)
def test_suppression_goes_to_the_cpu_where_mmcv_was_built_for_it_alone(refuse_once, name, columns, message):
    boxes, scores = random_boxes(60, columns), torch.rand(60)
    devices, lines = refuse_once(name, message)
    for _ in range(2):
        kept = bev_nms(boxes, scores, 0.25)
        assert kept.tolist() == brute_force_nms(boxes.double().tolist(), scores.tolist(), 0.25)
    assert len(devices) == 4 and len(lines) == 1 and name in lines[0]


def test_overlaps_go_to_the_cpu_where_mmcv_was_built_for_it_alone(refuse_once):
    first, second = random_boxes(20, 7), random_boxes(15, 7)
    expected = box_ious(first, second)
    _, lines = refuse_once(
        'box_iou_rotated', 'box_iou_rotated_impl: implementation for device cuda:0 not found.'
    )
    torch.testing.assert_close(box_ious(first, second), expected, rtol=0, atol=0)
    assert len(lines) == 1


def test_results_come_back_to_the_device_of_the_boxes(refuse_once):
    corners_of = torch.tensor([[0.0, 0, 1, 1], [5.0, 5, 6, 6]]).as_subclass(Elsewhere)
    devices, _ = refuse_once('nms', 'nms_impl: implementation for device cuda:0 not found.')
    kept = compiled_ops.nms(corners_of, torch.tensor([0.9, 0.8]).as_subclass(Elsewhere), 0.5)
    assert devices == [{'meta'}, {'cpu'}] and kept.device.type == 'meta' and kept.shape == (2,)


def test_any_other_failure_of_an_operator_is_told(refuse_once):
    devices, lines = refuse_once('nms', 'CUDA out of memory')
    with pytest.raises(RuntimeError, match='out of memory'):
        bev_nms(random_boxes(3, 6), torch.rand(3), 0.5)
    assert len(devices) == 1 and not lines
