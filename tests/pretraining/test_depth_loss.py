import math

import pytest
import torch

from swin3d_mmdet3d.pretraining.heads import DepthHead
from swin3d_mmdet3d.pretraining.losses import DepthLoss


def oracle(depth, target):
    """The loss by loops, in float64."""
    sums = {part: [] for part in ('depth', 'x', 'y', 'direction')}
    for own, wanted in zip(depth.double(), target.double()):
        height, width = own.shape
        for row in range(height):
            for column in range(width):
                if wanted[row, column] > 0:
                    gap = abs(float(own[row, column] - wanted[row, column]))
                    sums['depth'].append(math.log(gap + 0.5) - math.log(0.5))
        for row in range(1, height - 1):
            for column in range(1, width - 1):
                window = slice(row - 1, row + 2), slice(column - 1, column + 2)
                if not bool((wanted[window] > 0).all()):
                    continue
                slopes = []
                for values in (own[window], wanted[window]):
                    weights = torch.tensor([1.0, 2.0, 1.0], dtype=torch.float64)
                    across = float(weights @ values[:, 0] - weights @ values[:, 2])
                    along = float(values[0] @ weights - values[2] @ weights)
                    slopes.append((across, along))
                for axis, name in enumerate('xy'):
                    sums[name].append(math.log(1 + 2 * abs(slopes[0][axis] - slopes[1][axis])))
                first, second = (torch.tensor([-x, -y, 1.0], dtype=torch.float64) for x, y in slopes)
                sums['direction'].append(1 - float(first @ second / first.norm() / second.norm()))
    return sum(sum(values) / len(values) for values in sums.values() if values) / 3


def maps(seed=0, shape=(2, 6, 7)):
    generator = torch.Generator().manual_seed(seed)
    depth, target = (torch.rand(shape, generator=generator) * 4 + 0.5 for _ in range(2))
    target[0, 1, 2] = target[1, 5, 6] = target[1, 0, 0] = 0
    return depth, target


def test_loss_is_that_of_loops_over_the_measured_pixels():
    depth, target = maps()
    assert DepthLoss()(depth, target).item() == pytest.approx(oracle(depth, target), rel=1e-5)
    assert DepthLoss(loss_weight=3.0)(depth, target).item() == pytest.approx(
        3 * oracle(depth, target), rel=1e-5
    )


def test_a_wrong_constant_costs_its_depth_alone_and_the_right_depth_nothing():
    target = torch.full((1, 5, 6), 2.0)
    assert DepthLoss()(target + 0.7, target).item() == pytest.approx(math.log(2.4) / 3, abs=1e-6)
    depth, target = maps()
    measured = torch.where(target > 0, target, depth)
    assert DepthLoss()(measured, target).item() == pytest.approx(0, abs=1e-6)


def test_what_was_not_measured_changes_nothing():
    depth, target = maps()
    changed = torch.where(target > 0, depth, torch.full_like(depth, 100.0))
    torch.testing.assert_close(DepthLoss()(changed, target), DepthLoss()(depth, target))
    depth.requires_grad_()
    loss = DepthLoss()(depth, torch.zeros_like(target))
    loss.backward()
    assert loss.item() == 0 and bool((depth.grad == 0).all())
    with pytest.raises(ValueError, match=r'depth and target must be \(I, h, w\)'):
        DepthLoss()(depth, target[:1])


def test_images_of_less_than_three_rows_have_no_gradient_to_compare():
    depth, target = maps(shape=(2, 6, 7))
    with pytest.raises(ValueError, match='at least 3 x 3 pixels, got 2 x 7'):
        DepthLoss()(depth[:, :2], target[:, :2])


def test_depth_of_several_maps_is_one_convolution_of_them_up_sampled():
    fine, coarse = torch.randn(2, 3, 8, 12), torch.randn(2, 5, 4, 6)
    head = DepthHead([3, 5])
    full = [
        torch.nn.functional.interpolate(m, (16, 24), mode='bilinear', align_corners=False)
        for m in (fine, coarse)
    ]
    expected = sum(conv(feature_map)[:, 0] for conv, feature_map in zip(head.convs, full))
    torch.testing.assert_close(head([fine, coarse], (16, 24)), expected, atol=1e-5, rtol=1e-5)
    with pytest.raises(ValueError, match='maps must be 2, got 1'):
        head([fine], (16, 24))
