import math

import pytest
import torch

from swin3d_mmdet3d.pretraining.feature_spread import feature_spread
from swin3d_mmdet3d.pretraining.losses import InfoNCE


@pytest.mark.parametrize('count', [1, 2, 17])
@pytest.mark.parametrize('symmetric', [False, True])
def test_n_identical_pairs_give_ln_n(count, symmetric):
    rows = torch.tensor([[0.3, -2.0, 1.0]]).repeat(count, 1)
    loss = InfoNCE(temperature=0.04, symmetric=symmetric)(rows, rows)
    assert loss.item() == pytest.approx(math.log(count), abs=1e-6)


def test_orthogonal_pairs_give_the_closed_form():
    loss = InfoNCE(temperature=0.5)(torch.eye(6), 3 * torch.eye(6))
    assert loss.item() == pytest.approx(math.log(math.exp(2) + 5) - 2, abs=1e-6)


def test_loss_and_gradient_agree_with_the_sum_over_pairs():
    torch.manual_seed(0)
    query = torch.randn(7, 5, dtype=torch.float64, requires_grad=True)
    key = torch.randn(7, 5, dtype=torch.float64)
    terms = []
    for i in range(7):
        cosines = [query[i] @ key[j] / query[i].norm() / key[j].norm() for j in range(7)]
        total = sum(torch.exp(cosine / 0.1) for cosine in cosines)
        terms.append(-torch.log(torch.exp(cosines[i] / 0.1) / total))
    expected = sum(terms) / 7
    (expected_grad,) = torch.autograd.grad(expected, query)
    loss = InfoNCE(temperature=0.1)(query, key)
    (grad,) = torch.autograd.grad(loss, query)
    torch.testing.assert_close(loss.double(), expected, atol=1e-5, rtol=1e-5)
    torch.testing.assert_close(grad, expected_grad, atol=1e-5, rtol=1e-4)


def test_one_direction_differs_from_both():
    torch.manual_seed(0)
    query, key = torch.randn(5, 4), torch.randn(5, 4)
    forward, backward = InfoNCE(0.2)(query, key), InfoNCE(0.2)(key, query)
    both = InfoNCE(0.2, symmetric=True)(query, key)
    assert forward.item() != pytest.approx(backward.item())
    assert both.item() == pytest.approx((forward.item() + backward.item()) / 2, abs=1e-6)


def test_half_precision_features_are_compared_in_float32():
    torch.manual_seed(0)
    query, key = torch.randn(64, 16).bfloat16(), torch.randn(64, 16).bfloat16()
    with torch.autocast('cpu', dtype=torch.bfloat16):
        loss = InfoNCE()(query, key)
    assert loss.dtype == torch.float32
    torch.testing.assert_close(loss, InfoNCE()(query.float(), key.float()))


def test_zero_features_give_a_finite_loss_and_gradient():
    query = torch.zeros(3, 4, requires_grad=True)
    loss = InfoNCE()(query, torch.randn(3, 4))
    loss.backward()
    assert loss.item() == pytest.approx(math.log(3), abs=1e-6) and bool(query.grad.isfinite().all())


@pytest.mark.parametrize('symmetric', [False, True])
@pytest.mark.parametrize('count', [0, 1])
def test_fewer_than_two_pairs_give_a_loss_of_0_whose_gradient_of_0_reaches_both_sides(count, symmetric):
    sources = [torch.randn(5, 4, requires_grad=True) for _ in range(2)]
    with torch.autocast('cpu', dtype=torch.bfloat16):
        loss = InfoNCE(symmetric=symmetric)(*(rows[:count] for rows in sources))
    loss.backward()
    assert loss.item() == 0 and loss.dtype == torch.float32
    assert all(torch.equal(rows.grad, torch.zeros(5, 4)) for rows in sources)


def test_bad_arguments_are_named():
    with pytest.raises(ValueError, match='temperature must be positive, got 0'):
        InfoNCE(temperature=0)
    with pytest.raises(ValueError, match=r'query and key must be \(N, C\)'):
        InfoNCE()(torch.zeros(4), torch.zeros(4))
    with pytest.raises(ValueError, match=r'got \(2, 4\) and \(3, 4\)'):
        InfoNCE()(torch.zeros(2, 4), torch.zeros(3, 4))


def test_spread_is_0_for_one_vector_and_1_for_the_axes_and_their_opposites():
    assert feature_spread(torch.ones(9, 4)).item() == pytest.approx(0, abs=1e-6)
    assert feature_spread(torch.cat([torch.eye(4), -torch.eye(4)])).item() == pytest.approx(1, abs=1e-6)
