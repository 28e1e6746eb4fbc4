"""The focal loss against cross entropy and float64 autograd, and its weights against their formula."""

import math

import pytest
import torch
from torch.nn.functional import cross_entropy

from swin3d_mmdet3d.models.losses import ClassBalancedFocalLoss
from swin3d_mmdet3d.models.losses.class_balanced_focal_loss import rare_class_weights

K = 7


@pytest.fixture
def batch():
    torch.manual_seed(0)
    labels = torch.randint(K, (60,))
    labels[::9] = 255
    return torch.randn(60, K) * 3, labels


def test_without_focus_and_weights_it_is_cross_entropy(batch):
    found = ClassBalancedFocalLoss(K, gamma=0.0)(*batch)
    torch.testing.assert_close(found, cross_entropy(*batch, ignore_index=255))


@pytest.mark.parametrize('gamma', [0.5, 1.0, 2.0])
def test_value_and_gradient_are_those_of_the_formula_in_float64(batch, gamma):
    logits, labels = batch
    alpha = [0.5 + k for k in range(K)]
    own = logits.clone().requires_grad_()
    found = ClassBalancedFocalLoss(K, gamma, alpha)(own, labels)
    found.backward()
    exact = logits.double().requires_grad_()
    rows = []
    for row in (row for row in range(60) if labels[row] != 255):
        p = exact[row].exp()[labels[row]] / exact[row].exp().sum()
        rows.append(-alpha[labels[row]] * (1 - p) ** gamma * p.log())
    wanted = sum(rows) / len(rows)
    wanted.backward()
    torch.testing.assert_close(found.double(), wanted, rtol=1e-5, atol=1e-7)
    torch.testing.assert_close(own.grad.double(), exact.grad, rtol=1e-4, atol=1e-7)


def test_certain_predictions_have_finite_gradients():
    logits = torch.tensor([[200.0, 0.0], [0.0, 200.0]], requires_grad=True)
    loss = ClassBalancedFocalLoss(2, gamma=0.5)(logits, torch.tensor([0, 0]))
    loss.backward()
    assert loss.item() == pytest.approx(100) and bool(logits.grad.isfinite().all())
    assert logits.grad[1].abs().max() == pytest.approx(0.5)


def test_a_batch_without_labels_costs_nothing():
    logits = torch.randn(4, K, requires_grad=True)
    loss = ClassBalancedFocalLoss(K)(logits, torch.full((4,), 255))
    loss.backward()
    assert loss == 0 and not bool(logits.grad.any())


def test_rare_classes_weigh_more_and_a_row_weighs_one_in_the_mean():
    counts = [9000, 900, 100, 0]
    weights = rare_class_weights(torch.tensor(counts)).tolist()
    plain = [1 / math.log(1.02 + count / 10000) for count in counts]
    mean = sum(count / 10000 * weight for count, weight in zip(counts, plain))
    assert weights == pytest.approx([weight / mean for weight in plain], rel=1e-5)
    assert weights == sorted(weights) and plain[3] == pytest.approx(50.5, abs=0.1)
    loss = ClassBalancedFocalLoss(4)
    loss.balance(torch.tensor(counts))
    assert loss.state_dict()['alpha'].tolist() == pytest.approx(weights)


@pytest.mark.parametrize(
    ('settings', 'message'),
    [
        (dict(gamma=-1), 'gamma must be at least 0, got -1'),
        (dict(alpha=[1, 2]), r'alpha must be 7 weights of at least 0, got \[1, 2\]'),
        (dict(alpha=[-1.0] * K), 'alpha must be 7 weights of at least 0'),
    ],
)
def test_wrong_arguments_are_refused(settings, message):
    with pytest.raises(ValueError, match=message):
        ClassBalancedFocalLoss(K, **settings)


def test_counts_of_other_classes_or_of_nothing_are_refused():
    with pytest.raises(ValueError, match=r'counts must be 7 numbers, got shape \(3,\)'):
        ClassBalancedFocalLoss(K).balance(torch.ones(3))
    with pytest.raises(ValueError, match='counts must hold at least one labelled row'):
        ClassBalancedFocalLoss(K).balance(torch.zeros(K))
