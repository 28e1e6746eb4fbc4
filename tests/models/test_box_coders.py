"""Codes of boxes: there and back, against mmdet3d's decoding, and which boxes each coder takes."""

import math

import pytest
import torch
from mmdet3d.models.dense_heads import FCAF3DHead
from mmdet3d.registry import TASK_UTILS
from mmdet3d.structures import DepthInstance3DBoxes

from swin3d_mmdet3d.models.box_coders import AxisAlignedBoxCoder, MobiusBoxCoder
from swin3d_mmdet3d.models.losses.rotated_overlap import paired_rotated_ious


def random_boxes(count, seed=0):
    random = torch.Generator().manual_seed(seed)
    place = torch.randn(count, 3, generator=random)
    size = torch.rand(count, 3, generator=random) * 2 + 0.1
    return torch.cat([place, size, torch.randn(count, 1, generator=random) * 4], dim=1)


def depth_boxes(rows):
    with_yaw = rows.shape[1] == 7
    return DepthInstance3DBoxes(rows, box_dim=rows.shape[1], with_yaw=with_yaw, origin=(0.5, 0.5, 0.5))


def mobius_code(boxes):
    """The paper's code of boxes: sin and cos of twice the longer side's direction, by the logarithm of q."""
    ratio = boxes[:, 4] / boxes[:, 3]
    yaw = torch.where(ratio >= 1, boxes[:, 6], boxes[:, 6] + math.pi / 2)
    log_q = ratio.log().abs()
    return torch.stack([(2 * yaw).sin() * log_q, (2 * yaw).cos() * log_q], dim=1)


def test_decoding_the_code_of_a_box_gives_its_corners():
    boxes = random_boxes(200)
    # of the x and y sizes the sum alone counts
    sizes = boxes[:, :6].clone()
    sizes[:, 3:5] = boxes[:, 3:5].sum(1, keepdim=True) * torch.tensor([0.3, 0.7])
    decoded = MobiusBoxCoder().decode(sizes, mobius_code(boxes))
    assert decoded.shape == (200, 7)
    distance = torch.cdist(depth_boxes(boxes).corners, depth_boxes(decoded).corners)
    assert distance.amin(dim=2).max() < 1e-5
    assert bool((decoded[:, 4] >= decoded[:, 3]).all()) and decoded[:, 6].abs().max() <= math.pi / 2 + 1e-6


def test_a_code_does_not_jump_where_a_box_turns_on():
    box = torch.tensor([[0.0, 0, 0, 0.6, 1.4, 1, 0]]).expand(1000, 7).clone()
    box[:, 6] = torch.linspace(-7, 7, 1000)
    code = mobius_code(box)
    assert (code[1:] - code[:-1]).norm(dim=1).max() < 0.03
    decoded = MobiusBoxCoder().decode(box[:, :6], code)
    torch.testing.assert_close(paired_rotated_ious(decoded, box), torch.ones(1000), atol=1e-5, rtol=0)


def test_decoding_is_that_of_mmdet3d():
    distances, turns = torch.rand(100, 6) + 0.1, torch.randn(100, 2)
    points = torch.randn(100, 3)
    expected = FCAF3DHead._bbox_pred_to_bbox(points, torch.cat([distances, turns], dim=1))
    base = FCAF3DHead._bbox_pred_to_bbox(points, distances)
    torch.testing.assert_close(MobiusBoxCoder().decode(base, turns), expected)


def test_gradients_of_decoding_are_those_of_finite_differences():
    boxes = random_boxes(5)[:, :6].double().requires_grad_()
    turns = torch.randn(5, 2, dtype=torch.float64).requires_grad_()
    assert torch.autograd.gradcheck(MobiusBoxCoder().decode, (boxes, turns))


@pytest.mark.parametrize('turn', [0.0, 1e-30, 1e-8, 1e-5, 200.0, 1e6])
def test_no_turn_and_huge_ones_decode_to_finite_boxes_and_bounded_gradients(turn):
    boxes, turns = random_boxes(1)[:, :6].requires_grad_(), torch.tensor([[turn, -turn]], requires_grad=True)
    decoded = MobiusBoxCoder().decode(boxes, turns)
    assert bool(decoded.isfinite().all()) and bool((decoded[:, 3:6] >= 0).all())
    torch.testing.assert_close(decoded[:, 3:5].sum(), boxes[:, 3:5].sum())
    decoded.sum().backward()
    # a square box has every yaw: near it the derivative of yaw grows without bound
    assert bool(boxes.grad.isfinite().all()) and float(turns.grad.abs().max()) < 1e6


def test_axis_aligned_boxes_are_taken_as_they_are():
    coder, rows = AxisAlignedBoxCoder(), random_boxes(4)[:, :6]
    assert torch.equal(coder.decode(rows, rows[:, :0]), rows)
    low, high = coder.loss_form(rows).split(3, dim=1)
    torch.testing.assert_close((low + high) / 2, rows[:, :3])
    torch.testing.assert_close(high - low, rows[:, 3:])
    assert coder.learnable(depth_boxes(rows)).tensor.shape == (4, 7)


def test_boxes_without_yaw_become_boxes_of_yaw_zero():
    rows = random_boxes(3)
    boxes = MobiusBoxCoder().learnable(depth_boxes(rows[:, :6]))
    assert boxes.with_yaw and torch.equal(boxes.yaw, torch.zeros(3))
    torch.testing.assert_close(boxes.gravity_center, rows[:, :3])
    assert torch.equal(MobiusBoxCoder().learnable(depth_boxes(rows)).yaw, rows[:, 6])


@pytest.mark.parametrize('yaw, said', [(0.3, '0.3 rad in box 1 of 2'), (0.0, '0 rad in box 0 of 2')])
def test_boxes_with_yaw_are_refused_where_none_can_be_learnt(yaw, said):
    rows = random_boxes(2)
    rows[:, 6] = torch.tensor([0.0, yaw])
    with pytest.raises(ValueError, match=f'boxes must be along the axes.* got yaw {said}.*MobiusBoxCoder'):
        AxisAlignedBoxCoder().learnable(depth_boxes(rows))
    if yaw:  # mmdet3d's ScanNetDataset takes 7 numbers for a box without yaw
        mislabelled = DepthInstance3DBoxes(rows, box_dim=7, with_yaw=False)
        with pytest.raises(ValueError, match='got yaw 0.3 rad'):
            AxisAlignedBoxCoder().learnable(mislabelled)


def test_a_scene_without_boxes_suits_both():
    none = depth_boxes(torch.zeros(0, 7))
    assert len(AxisAlignedBoxCoder().learnable(none)) == len(MobiusBoxCoder().learnable(none)) == 0


@pytest.mark.parametrize('coder', [AxisAlignedBoxCoder, MobiusBoxCoder])
def test_no_sites_decode_to_no_boxes(coder):
    coder = TASK_UTILS.build(dict(type=coder.__name__))
    decoded = coder.decode(torch.zeros(0, 6), torch.zeros(0, coder.num_turns))
    assert decoded.shape == (0, coder.box_dim)
