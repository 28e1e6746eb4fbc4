"""The logarithmic overlap loss: closed forms, weights, and a gradient that thin boxes get."""

import math

import pytest
import torch

from swin3d_mmdet3d.models.losses import AxisAlignedDIoULoss, AxisAlignedLogIoULoss

UNIT = torch.tensor([[0.0, 0.0, 0.0, 1.0, 1.0, 1.0]])
HALF = torch.tensor([[0.0, 0.0, 0.0, 1.0, 1.0, 0.5]])
APART = UNIT + 2 * torch.tensor([1.0, 0.0, 0.0, 1.0, 0.0, 0.0])


def test_loss_has_its_closed_form():
    loss = AxisAlignedLogIoULoss(reduction='none', min_iou=0.01)
    torch.testing.assert_close(loss(UNIT, UNIT), torch.tensor([0.0]))
    torch.testing.assert_close(loss(HALF, UNIT), torch.tensor([math.log(2) + 0.0625 / 3]))
    # no overlap: the logarithm is held, the centres are 2 apart in a hull of 3 x 1 x 1
    torch.testing.assert_close(loss(APART, UNIT), torch.tensor([math.log(100) + 4 / 11]))


def test_weights_and_average_factor_act_as_in_the_stock_loss():
    pred, target = torch.cat([HALF, UNIT, APART]), UNIT.expand(3, 6)
    each = AxisAlignedLogIoULoss(reduction='none')(pred, target)
    weight = torch.tensor([0.5, 2.0, 0.25])
    mean = AxisAlignedLogIoULoss(loss_weight=3.0)
    torch.testing.assert_close(mean(pred, target), 3 * each.mean())
    torch.testing.assert_close(
        mean(pred, target, weight=weight, avg_factor=7.0), 3 * (each * weight).sum() / 7
    )
    torch.testing.assert_close(AxisAlignedLogIoULoss(reduction='sum')(pred, target), each.sum())


def gradient_to_thickness(loss, thickness):
    """Derivative with respect to ln(predicted thickness) of a metre-thick box around a thin one."""
    log_size = torch.zeros(1, requires_grad=True)
    half = log_size.exp() / 2
    pred = torch.stack([-half, half.new_full((1,), -0.5), half.new_full((1,), -0.5)])
    target = torch.tensor([[-thickness / 2, -0.5, -0.5, thickness / 2, 0.5, 0.5]])
    value = loss(torch.cat([pred, -pred]).T, target)
    return torch.autograd.grad(value, log_size)[0].item()


@pytest.mark.parametrize('thickness', [0.5, 0.1, 0.02])
def test_gradient_does_not_fade_with_the_overlap(thickness):
    torch.testing.assert_close(gradient_to_thickness(AxisAlignedDIoULoss(), thickness), thickness)
    torch.testing.assert_close(gradient_to_thickness(AxisAlignedLogIoULoss(), thickness), 1.0)


def test_boxes_without_overlap_are_drawn_together():
    pred = APART.clone().requires_grad_()
    AxisAlignedLogIoULoss()(pred, UNIT).backward()
    assert torch.isfinite(pred.grad).all()
    assert (pred.grad[0, [0, 3]].sum() > 0).item()


@pytest.mark.parametrize(
    'setting, message',
    [
        (dict(reduction='max'), "reduction must be one of .* got 'max'"),
        (dict(min_iou=0.0), 'min_iou must be between 0 and 1, got 0.0'),
    ],
)
def test_bad_settings_are_refused_by_name(setting, message):
    with pytest.raises(ValueError, match=message):
        AxisAlignedLogIoULoss(**setting)
