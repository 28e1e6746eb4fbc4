"""Overlap of boxes with yaw: against shapely, random points, closed forms and mmcv; gradients everywhere."""

import math

import pytest
import torch
from mmcv.ops import box_iou_rotated
from mmdet3d.structures import AxisAlignedBboxOverlaps3D, DepthInstance3DBoxes
from shapely.geometry import Polygon

from swin3d_mmdet3d.models.losses.rotated_overlap import enclosing_corners, paired_rotated_ious, shared_areas

TURNS = [0.0, 0.3, math.pi / 4, math.pi / 2, math.pi, -2.5, 7.0, 100.0]


def random_pairs(count, spread=1.0, seed=0, dtype=torch.float64):
    """Two sets of boxes, most of which overlap; yaws go beyond pi."""
    random = torch.Generator().manual_seed(seed)

    def boxes():
        center = torch.randn(count, 3, generator=random, dtype=torch.float64) * 0.4 * spread
        size = torch.rand(count, 3, generator=random, dtype=torch.float64) * 1.5 + 0.2
        yaw = torch.randn(count, 1, generator=random, dtype=torch.float64) * 5
        return torch.cat([center, size, yaw], dim=1).to(dtype)

    return boxes(), boxes()


def outline(box):
    """A box seen from above."""
    x, y, _, dx, dy, _, yaw = box.tolist()
    cos, sin = math.cos(yaw), math.sin(yaw)
    local = [(-dx / 2, -dy / 2), (dx / 2, -dy / 2), (dx / 2, dy / 2), (-dx / 2, dy / 2)]
    return Polygon([(x + u * cos - v * sin, y + u * sin + v * cos) for u, v in local])


def expected_iou(one, other):
    area = outline(one).intersection(outline(other)).area
    low = torch.maximum(one[2] - one[5] / 2, other[2] - other[5] / 2)
    high = torch.minimum(one[2] + one[5] / 2, other[2] + other[5] / 2)
    shared = area * float((high - low).clamp(min=0))
    return shared / float(one[3:6].prod() + other[3:6].prod() - shared)


def test_yaw_turns_as_in_mmdet3d():
    boxes = random_pairs(30, dtype=torch.float32)[0]
    corners = DepthInstance3DBoxes(boxes, origin=(0.5, 0.5, 0.5)).corners
    ours = torch.tensor([list(outline(box).exterior.coords) for box in boxes])
    assert torch.cdist(corners[..., :2], ours).amin(dim=2).max() < 1e-5
    low, high = enclosing_corners(boxes).split(3, dim=1)
    torch.testing.assert_close(low, corners.amin(1), atol=1e-5, rtol=0)
    torch.testing.assert_close(high, corners.amax(1), atol=1e-5, rtol=0)


@pytest.mark.parametrize('dtype, tolerance', [(torch.float64, 1e-12), (torch.float32, 2e-6)])
@pytest.mark.parametrize('spread', [0.3, 1.0, 2.0])
def test_overlaps_are_those_of_shapely(dtype, tolerance, spread):
    first, second = random_pairs(200, spread, dtype=dtype)
    expected = [expected_iou(*pair) for pair in zip(first.double(), second.double())]
    result = paired_rotated_ious(first, second)
    assert result.dtype == dtype
    expected = torch.tensor(expected, dtype=torch.float64)
    torch.testing.assert_close(result.double(), expected, atol=tolerance, rtol=0)
    assert max(expected) > 0.1 and (spread < 2 or min(expected) == 0)


def test_overlaps_are_the_shares_of_random_points():
    first, second = random_pairs(10, 0.5, seed=1)
    result = paired_rotated_ious(first, second)
    random = torch.Generator().manual_seed(0)
    for one, other, iou in zip(first, second, result):
        low, high = enclosing_corners(torch.stack([one, other])).split(3, dim=1)
        low, high = low.amin(0), high.amax(0)
        points = low + torch.rand(50000, 3, generator=random, dtype=torch.float64) * (high - low)
        inside = []
        for box in (one, other):
            shift, (cos, sin) = points - box[:3], (box[6].cos(), box[6].sin())
            x, y, z = shift.unbind(1)
            local = torch.stack([x * cos + y * sin, y * cos - x * sin, z], dim=1)
            inside.append((local.abs() <= box[3:6] / 2).all(1))
        share = float((inside[0] & inside[1]).sum()) / float((inside[0] | inside[1]).sum())
        assert abs(float(iou) - share) < 0.015


@pytest.mark.parametrize('quarter', range(-3, 5))
def test_boxes_turned_by_quarters_have_the_closed_form_of_axis_aligned_ones(quarter):
    first, second = random_pairs(100, seed=2)
    first[:, 6], second[:, 6] = 0, quarter * math.pi / 2
    aligned = second.clone()
    if quarter % 2:
        aligned[:, [3, 4]] = second[:, [4, 3]]
    corners = [torch.cat([b[:, :3] - b[:, 3:6] / 2, b[:, :3] + b[:, 3:6] / 2], 1) for b in (first, aligned)]
    expected = AxisAlignedBboxOverlaps3D()(*corners, is_aligned=True)
    torch.testing.assert_close(paired_rotated_ious(first, second), expected, atol=1e-12, rtol=0)


def test_areas_are_those_of_mmcv():
    first, second = (boxes[:, [0, 1, 3, 4, 6]] for boxes in random_pairs(200, dtype=torch.float32))
    iou = box_iou_rotated(first, second, aligned=True)
    total = first[:, 2:4].prod(1) + second[:, 2:4].prod(1)
    torch.testing.assert_close(shared_areas(first, second), total * iou / (1 + iou), atol=1e-5, rtol=1e-4)


def test_gradients_are_those_of_finite_differences():
    for seed in range(2):
        first, second = (boxes.requires_grad_() for boxes in random_pairs(5, 0.7, seed=seed))
        assert (paired_rotated_ious(first, second) > 0).sum() > 2
        assert torch.autograd.gradcheck(paired_rotated_ious, (first, second), eps=1e-7, atol=1e-6)


def box(*numbers):
    return torch.tensor([numbers], dtype=torch.float64)


UNIT = (0.0, 0.0, 0.0, 1.0, 1.0, 1.0)


def degenerate_pairs(turn):
    """Name, other box and overlap for the unit cube turned by ``turn``; the pair is turned as a whole."""
    cos, sin = math.cos(turn), math.sin(turn)
    return {
        'identical': (box(*UNIT, turn), 1.0),
        'half a turn': (box(*UNIT, turn + math.pi), 1.0),
        'a quarter turn': (box(*UNIT, turn + math.pi / 2), 1.0),
        'touching faces': (box(cos, sin, 0, 1, 1, 1, turn), 0.0),
        'touching lids': (box(0, 0, 1, 1, 1, 1, turn), 0.0),
        'touching edges': (box(cos - sin, sin + cos, 0, 1, 1, 1, turn), 0.0),
        'a shared edge': (box(cos / 4, sin / 4, 0, 0.5, 1, 1, turn), 0.5),
        'contained': (box(0, 0, 0, 0.5, 0.5, 0.5, turn + 0.2), 0.125),
        'containing': (box(0, 0, 0, 2, 2, 2, turn + 0.2), 0.125),
        'apart': (box(5 * cos, 5 * sin, 0, 1, 1, 1, turn + 1), 0.0),
        'apart in z': (box(0, 0, 3, 1, 1, 1, turn), 0.0),
        'flat': (box(0, 0, 0, 1, 0, 1, turn), 0.0),
        'a point': (box(0, 0, 0, 0, 0, 0, turn), 0.0),
    }


@pytest.mark.parametrize('dtype', [torch.float32, torch.float64])
@pytest.mark.parametrize('turn', TURNS)
def test_degenerate_pairs_have_their_overlap_and_finite_gradients(turn, dtype):
    for name, (other, iou) in degenerate_pairs(turn).items():
        for pair in ((box(*UNIT, turn), other), (other, box(*UNIT, turn))):
            first, second = (boxes.to(dtype).requires_grad_() for boxes in pair)
            result = paired_rotated_ious(first, second)
            assert abs(result.item() - iou) < (1e-5 if dtype == torch.float32 else 1e-12), name
            result.sum().backward()
            for grad in (first.grad, second.grad):
                assert bool(grad.isfinite().all()) and float(grad.abs().max()) < 10, name
                if name in ('apart', 'apart in z'):
                    assert float(grad.abs().max()) < 1e-5, name


@pytest.mark.parametrize('turn', TURNS)
def test_identical_boxes_do_not_pull_at_each_other(turn):
    first, second = (box(0.3, -2.0, 1.0, 1.5, 0.4, 0.8, turn).requires_grad_() for _ in range(2))
    paired_rotated_ious(first, second).sum().backward()
    torch.testing.assert_close(first.grad, torch.zeros(1, 7).double(), atol=1e-9, rtol=0)
    torch.testing.assert_close(second.grad, torch.zeros(1, 7).double(), atol=1e-9, rtol=0)


@pytest.mark.parametrize('dtype', [torch.float32, torch.float64])
def test_nearly_parallel_edges_do_not_break_the_overlap(dtype):
    for exponent in range(1, 20, 2):
        for turn in TURNS[::3]:
            first = box(*UNIT, turn).to(dtype)
            second = box(*UNIT, turn + 10.0**-exponent).to(dtype).requires_grad_()
            iou = paired_rotated_ious(first, second)
            iou.sum().backward()
            # unit squares turned against each other by t share 2 / (1 + sin t + cos t)
            angle = abs(float((second[0, 6] - first[0, 6]).detach()))
            area = 2 / (1 + math.sin(angle) + math.cos(angle))
            assert abs(iou.item() - area / (2 - area)) < (2e-6 if dtype == torch.float32 else 1e-12)
            assert float(second.grad.abs().max()) < 10


@pytest.mark.parametrize('size', [1e-6, 1e-3, 1e3])
@pytest.mark.parametrize('dtype', [torch.float32, torch.float64])
def test_overlap_does_not_depend_on_the_unit_of_length(size, dtype):
    first, second = random_pairs(50, 0.5, dtype=dtype)
    scale = torch.tensor([size] * 6 + [1.0], dtype=dtype)
    one, other = (first * scale).requires_grad_(), second * scale
    iou = paired_rotated_ious(one, other)
    torch.testing.assert_close(iou, paired_rotated_ious(first, second), atol=1e-5, rtol=1e-4)
    iou.sum().backward()
    assert bool(one.grad.isfinite().all()) and bool(one.grad.any())


def test_far_from_the_origin_float32_keeps_the_overlap():
    first, second = random_pairs(100, 0.5, dtype=torch.float32)
    first[:, :3], second[:, :3] = (first[:, :3] * 64).round() / 64, (second[:, :3] * 64).round() / 64
    far = torch.tensor([4096.0, -4096.0, 128.0, 0, 0, 0, 0])
    assert torch.equal(paired_rotated_ious(first + far, second + far), paired_rotated_ious(first, second))


def test_half_precision_is_computed_in_float32():
    first, second = random_pairs(20, dtype=torch.float16)
    result = paired_rotated_ious(first, second)
    assert torch.equal(result, paired_rotated_ious(first.float(), second.float()))


def test_no_boxes_have_no_overlaps():
    none = torch.zeros(0, 7, requires_grad=True)
    assert paired_rotated_ious(none, none).shape == (0,)
    paired_rotated_ious(none, none).sum().backward()
