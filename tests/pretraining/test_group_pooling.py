"""Means and maxima of groups of rows."""

import pytest
import torch

from swin3d_mmdet3d.pretraining.group_pooling import group_maxima, group_means


@pytest.mark.parametrize(
    ('pool', 'of_one'),
    [(group_means, lambda rows: rows.mean(0)), (group_maxima, lambda rows: rows.max(0).values)],
    ids=['means', 'maxima'],
)
def test_groups_are_pooled_as_by_a_loop_with_features_of_either_sign(pool, of_one):
    rows, group = torch.randn(20, 3, dtype=torch.float64) - 1, torch.arange(20) % 4 * 2
    pooled, there = pool(rows, group, 8)
    assert there.tolist() == [True, False] * 4
    for number in range(8):
        expected = of_one(rows[group == number]) if there[number] else torch.zeros(3, dtype=torch.float64)
        torch.testing.assert_close(pooled[number], expected)


@pytest.mark.parametrize('pool', [group_means, group_maxima])
def test_no_rows_give_empty_groups_and_a_gradient_of_nothing(pool):
    rows = torch.zeros(0, 3, requires_grad=True)
    pooled, there = pool(rows, torch.zeros(0, dtype=torch.int64), 2)
    pooled.sum().backward()
    assert pooled.tolist() == [[0.0] * 3] * 2 and there.tolist() == [False] * 2 and rows.grad.shape == (0, 3)
