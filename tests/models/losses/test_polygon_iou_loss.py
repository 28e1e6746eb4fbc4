"""Overlap losses of boxes with yaw: closed forms, weights as in the stock loss, what they draw together."""

import math

import pytest
import torch
from mmdet3d.models.losses import RotatedIoU3DLoss, rotated_iou_loss
from mmdet3d.registry import MODELS

from swin3d_mmdet3d.models.losses import AxisAlignedDIoULoss, PolygonDIoU3DLoss, PolygonIoU3DLoss
from swin3d_mmdet3d.models.losses.rotated_overlap import paired_rotated_ious

UNIT = torch.tensor([[0.0, 0.0, 0.0, 1.0, 1.0, 1.0, 0.0]])
HALF = torch.tensor([[0.0, 0.0, 0.25, 1.0, 1.0, 0.5, 0.0]])
OCTAGON = torch.tensor([[0.0, 0.0, 0.0, 1.0, 1.0, 1.0, math.pi / 4]])
APART = torch.tensor([[2.0, 0.0, 0.0, 1.0, 1.0, 1.0, 0.0]])


def test_losses_have_their_closed_forms():
    iou, diou = PolygonIoU3DLoss(reduction='none'), PolygonDIoU3DLoss(reduction='none')
    octagon = 2 * (math.sqrt(2) - 1)
    pred, target = torch.cat([UNIT, HALF, OCTAGON, APART]), UNIT.expand(4, 7)
    one_less_iou = torch.tensor([0.0, 0.5, 1 - octagon / (2 - octagon), 1.0])
    torch.testing.assert_close(iou(pred, target), one_less_iou, atol=1e-6, rtol=0)
    # centres 0.25 apart in a hull of 1 x 1 x 1, and 2 apart in one of 3 x 1 x 1
    distance = torch.tensor([0.0, 0.0625 / 3, 0.0, 4 / 11])
    torch.testing.assert_close(diou(pred, target), one_less_iou + distance, atol=1e-6, rtol=0)


def test_without_yaw_the_loss_is_that_of_axis_aligned_boxes():
    boxes, others = (torch.rand(50, 6) + torch.tensor([0, 0, 0, 0.3, 0.3, 0.3]) for _ in range(2))
    pairs = [torch.cat([b, torch.zeros(50, 1)], 1) for b in (boxes, others)]
    corners = [torch.cat([b[:, :3] - b[:, 3:] / 2, b[:, :3] + b[:, 3:] / 2], 1) for b in (boxes, others)]
    expected = AxisAlignedDIoULoss()(*corners)
    torch.testing.assert_close(PolygonDIoU3DLoss()(*pairs), expected)


def test_weights_and_average_factor_act_as_in_the_stock_loss(monkeypatch):
    # the stock loss around an overlap that runs on every device
    monkeypatch.setattr(
        rotated_iou_loss, 'diff_iou_rotated_3d', lambda a, b: paired_rotated_ious(a[0], b[0])[None]
    )
    pred, target = torch.cat([HALF, OCTAGON, APART]), UNIT.expand(3, 7)
    weight = torch.tensor([0.5, 2.0, 0.25])
    for setting in (dict(), dict(loss_weight=3.0), dict(reduction='sum'), dict(reduction='none')):
        ours, stock = PolygonIoU3DLoss(**setting), RotatedIoU3DLoss(**setting)
        torch.testing.assert_close(ours(pred, target), stock(pred, target))
        torch.testing.assert_close(ours(pred, target, weight=weight), stock(pred, target, weight=weight))
    torch.testing.assert_close(
        PolygonIoU3DLoss()(pred, target, weight=weight, avg_factor=7.0),
        RotatedIoU3DLoss()(pred, target, weight=weight, avg_factor=7.0),
    )


@pytest.mark.parametrize('name', ['PolygonIoU3DLoss', 'PolygonDIoU3DLoss'])
def test_descent_turns_and_moves_a_box_onto_its_target(name):
    loss = MODELS.build(dict(type=name))
    target = torch.tensor([[1.0, 2.0, 0.5, 1.6, 0.7, 1.0, 0.6]])
    start = torch.tensor([[1.3, 1.8, 0.7, 1.0, 1.0, 0.7, 0.1]])
    pred = start.clone().requires_grad_()
    optimizer = torch.optim.Adam([pred])
    for step in range(80):
        optimizer.param_groups[0]['lr'] = 0.04 * (1 - step / 80)
        optimizer.zero_grad()
        loss(pred, target).backward()
        optimizer.step()
    assert paired_rotated_ious(start, target) < 0.4
    assert paired_rotated_ious(pred.detach(), target) > 0.95


def test_boxes_apart_are_drawn_together_by_the_distance_alone():
    for loss, pull in ((PolygonIoU3DLoss(), False), (PolygonDIoU3DLoss(), True)):
        pred = APART.clone().requires_grad_()
        loss(pred, UNIT).backward()
        assert bool(pred.grad.isfinite().all())
        assert bool(pred.grad[0, 0] > 1e-3) == pull


@pytest.mark.parametrize(
    'pred, target', [((3, 6), (3, 6)), ((3, 7), (2, 7)), ((7,), (7,))], ids=['no yaw', 'no pairs', 'one row']
)
def test_boxes_that_are_no_pairs_with_yaw_are_refused(pred, target):
    with pytest.raises(ValueError, match=r'pred and target must be \(N, 7\).* got \('):
        PolygonIoU3DLoss()(torch.zeros(pred), torch.zeros(target))


def test_bad_settings_are_refused_by_name():
    with pytest.raises(ValueError, match="reduction must be one of .* got 'max'"):
        PolygonDIoU3DLoss(reduction='max')
