import pytest
import torch
from mmdet3d.registry import MODELS

import swin3d_mmdet3d  # noqa: F401
from swin3d_mmdet3d.pretraining.losses import ChamferLoss


def ptr_of(*counts):
    return torch.tensor([0, *counts]).cumsum(0)


def cloud(num_points, seed=0, scale=1.0):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(num_points, 3, dtype=torch.float64, generator=generator) * scale


def by_loops(first, first_ptr, second, second_ptr, squared):
    """The definition, in float64, of the items that have both sets."""
    losses = []
    for a0, a1, b0, b1 in zip(first_ptr[:-1], first_ptr[1:], second_ptr[:-1], second_ptr[1:]):
        if a0 < a1 and b0 < b1:
            power = 2 if squared else 1
            there = [min((p - q).norm() ** power for q in second[b0:b1]) for p in first[a0:a1]]
            back = [min((p - q).norm() ** power for q in first[a0:a1]) for p in second[b0:b1]]
            both = sum(there) / len(there) + sum(back) / len(back)
            losses.append(both if squared else both / 2)
    return sum(losses) / len(losses)


COUNTS = {
    'two items': ((9, 14), (11, 5)),
    'one item of single points': ((1,), (1,)),
    'one point against many': ((1, 3), (12, 1)),
    'empty items': ((0, 7, 4, 0), (5, 6, 0, 0)),
    'the last item alone': ((0, 3), (0, 4)),
}


@pytest.mark.parametrize('squared', [False, True], ids=['unsquared', 'squared'])
@pytest.mark.parametrize('counts', COUNTS.values(), ids=COUNTS.keys())
def test_loss_and_gradients_are_those_of_loops_over_all_pairs(counts, squared):
    first_ptr, second_ptr = (ptr_of(*part) for part in counts)
    first, second = cloud(int(first_ptr[-1]), 1), cloud(int(second_ptr[-1]), 2)
    found, expected = ([points.clone().requires_grad_() for points in (first, second)] for _ in range(2))
    loss = ChamferLoss(squared)(found[0], first_ptr, found[1], second_ptr)
    reference = by_loops(expected[0], first_ptr, expected[1], second_ptr, squared)
    torch.testing.assert_close(loss, reference, rtol=1e-12, atol=0)
    loss.backward()
    reference.backward()
    for points, wanted in zip(found, expected):
        torch.testing.assert_close(points.grad, wanted.grad, rtol=1e-10, atol=1e-14)


@pytest.mark.parametrize('squared', [False, True], ids=['unsquared', 'squared'])
def test_coinciding_sets_have_no_distance_and_gradients_of_0(squared):
    points = cloud(20).requires_grad_()
    loss = ChamferLoss(squared)(points, ptr_of(12, 8), points.detach(), ptr_of(12, 8))
    loss.backward()
    assert loss.item() == 0 and bool((points.grad == 0).all())


def test_a_shift_of_a_coarse_lattice_is_its_length():
    axis = torch.arange(4.0)
    lattice = torch.cartesian_prod(axis, axis, axis)
    shifted = lattice + torch.tensor([0.3, 0.0, 0.4])
    for squared, expected in ((False, 0.5), (True, 2 * 0.25)):
        loss = ChamferLoss(squared, loss_weight=3.0)(shifted, ptr_of(64), lattice, ptr_of(64))
        assert loss.item() == pytest.approx(3 * expected, abs=1e-6)


def test_without_an_item_to_compare_the_loss_is_0_and_reaches_what_made_the_points():
    weight = torch.ones(3, requires_grad=True)
    none = cloud(0).float()
    for first, first_ptr, second, second_ptr in (
        (cloud(4).float() * weight, ptr_of(4, 0), cloud(5).float(), ptr_of(0, 5)),
        (none * weight, ptr_of(0, 0), none, ptr_of(0, 0)),
    ):
        weight.grad = None
        loss = ChamferLoss()(first, first_ptr, second, second_ptr)
        loss.backward()
        assert loss.item() == 0 and bool((weight.grad == 0).all())


def test_points_of_another_item_are_no_neighbours():
    near, far = torch.zeros(1, 3), torch.full((1, 3), 10.0)
    loss = ChamferLoss()(torch.cat([near, far]), ptr_of(1, 1), torch.cat([far, near]), ptr_of(1, 1))
    assert loss.item() == pytest.approx(300**0.5)


def test_no_tensor_that_the_backward_pass_keeps_grows_with_the_pairs():
    num_first, num_second, kept = 3000, 2000, []

    def keep(tensor):
        kept.append(tensor.numel())
        return tensor

    first, second = cloud(num_first, 1).requires_grad_(), cloud(num_second, 2)
    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        ChamferLoss()(first, ptr_of(num_first), second, ptr_of(num_second)).backward()
    assert 0 < max(kept) <= 3 * max(num_first, num_second)


def test_half_precision_under_autocast_is_compared_in_single():
    first, second = cloud(30, 1).half(), cloud(40, 2)
    with torch.autocast('cpu', dtype=torch.bfloat16):
        loss = ChamferLoss()(first, ptr_of(30), second.float(), ptr_of(40))
    expected = by_loops(first.double(), ptr_of(30), second.float().double(), ptr_of(40), squared=False)
    assert loss.dtype == torch.float32
    torch.testing.assert_close(loss.double(), expected, rtol=1e-6, atol=0)


def test_what_are_no_point_sets_is_named():
    points = cloud(4)
    loss = MODELS.build(dict(type='ChamferLoss'))
    with pytest.raises(ValueError, match=r'second must be \(N, 3\) points, got \(4, 2\)'):
        loss(points, ptr_of(4), points[:, :2], ptr_of(4))
    for bounds in (ptr_of(3), ptr_of(5, -1), torch.tensor([1, 4]), torch.tensor([0])):
        with pytest.raises(ValueError, match='first_ptr must be 2 bounds that ascend from 0 to 4, got'):
            loss(points, bounds, points, ptr_of(4))
    with pytest.raises(ValueError, match='must be finite'):
        loss(points / 0, ptr_of(4), points, ptr_of(4))
