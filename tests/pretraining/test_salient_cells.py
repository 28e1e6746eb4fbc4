import itertools

import pytest
import torch
from mmdet3d.registry import MODELS

import swin3d_mmdet3d  # noqa: F401
from swin3d_mmdet3d.pretraining.maskers.salient_cells import standardized


def build(**settings):
    return MODELS.build(dict(type='SalientCells', **settings))


def bounds(*counts):
    return torch.tensor([0, *counts]).cumsum(0)


def test_each_sample_shows_its_share_of_the_cells_and_at_least_one():
    counts = [1, 2, 3, 13, 64, 100]
    visible = build(visible=0.4)(torch.rand(sum(counts)), bounds(*counts))
    assert [int(part.sum()) for part in visible.split(counts)] == [1, 1, 1, 5, 25, 40]
    assert visible.dtype == torch.bool


def test_a_batch_without_cells_in_a_sample_shows_none_there():
    visible = build()(torch.rand(5), bounds(2, 0, 3))
    assert [int(part.sum()) for part in visible.split([2, 0, 3])] == [1, 0, 1]


def test_the_one_salient_cell_is_shown():
    saliency = torch.zeros(20 * 100)
    saliency[70::100] = 5.0
    visible = build()(saliency, bounds(*[100] * 20))
    assert bool(visible[70::100].all())


def chances_of_pairs(weights):
    """Chance of each pair of 4 cells to be the two that are drawn one after the other."""
    p = (weights / weights.sum()).tolist()
    return {
        (i, j): p[i] * p[j] / (1 - p[i]) + p[j] * p[i] / (1 - p[j])
        for i, j in itertools.combinations(range(4), 2)
    }


SALIENCY = torch.tensor([0.1, 0.9, 0.4, 0.3])


@pytest.mark.parametrize(
    ('settings', 'logits'),
    [
        (dict(), (SALIENCY - SALIENCY.mean()) / SALIENCY.std(unbiased=False)),
        (dict(temperature=0.5), (SALIENCY - SALIENCY.mean()) / SALIENCY.std(unbiased=False) / 0.5),
        (dict(standardize=False), SALIENCY),
        (dict(temperature=float('inf')), torch.zeros(4)),
    ],
    ids=['guided', 'sharper', 'released', 'random'],
)
def test_pairs_are_drawn_as_often_as_draws_without_replacement_draw_them(settings, logits):
    torch.manual_seed(0)
    draws = 3000
    visible = build(visible=0.5, **settings)(SALIENCY.repeat(draws), bounds(*[4] * draws)).view(draws, 4)
    counted = dict.fromkeys(itertools.combinations(range(4), 2), 0)
    for row in visible:
        counted[tuple(row.nonzero().flatten().tolist())] += 1
    expected = chances_of_pairs(logits.double().exp())
    assert sum(expected.values()) == pytest.approx(1)
    chi_square = sum((counted[pair] - draws * p) ** 2 / (draws * p) for pair, p in expected.items())
    assert chi_square < 20.5  # 99.9 % of 5 degrees of freedom


def test_attentions_that_add_up_to_1_guide_only_once_they_are_standardised():
    attention = torch.full((64,), 0.2 / 63)
    attention[9] = 0.8

    def share_shown(**settings):
        torch.manual_seed(0)
        visible = build(visible=0.2, **settings)(attention.repeat(400), bounds(*[64] * 400))
        return visible.view(400, 64)[:, 9].float().mean().item()

    assert share_shown() == 1
    assert share_shown(standardize=False) < 0.45
    assert share_shown(temperature=float('inf')) == pytest.approx(12 / 64, abs=0.06)


def test_unit_and_offset_of_the_saliency_do_not_matter():
    saliency, ptr = torch.rand(50), bounds(20, 30)
    torch.manual_seed(3)
    first = build()(saliency, ptr)
    torch.manual_seed(3)
    assert torch.equal(first, build()(saliency * 1000 + 7, ptr))


@pytest.mark.parametrize('value', [0.0, 0.3, 1e8, -2e-30])
def test_equal_rows_are_standardised_to_0(value):
    rows = torch.full((7, 3), value)
    rows[:3] *= 1 + 1e-7  # rounding is no difference
    assert standardized(rows).abs().max() < 1


def test_standardised_rows_have_mean_0_and_variance_1():
    rows = standardized(torch.rand(40, 5, dtype=torch.float64) * 9 - 2)
    torch.testing.assert_close(rows.mean(0), torch.zeros(5, dtype=torch.float64))
    torch.testing.assert_close(rows.square().mean(0), torch.ones(5, dtype=torch.float64))
    assert standardized(torch.zeros(0, 5)).shape == (0, 5)
    assert standardized(torch.rand(1, 5)).tolist() == [[0.0] * 5]


@pytest.mark.parametrize(
    ('settings', 'message'),
    [
        (dict(visible=0.0), r'visible must lie in \(0, 1\), got 0.0'),
        (dict(visible=1.0), r'visible must lie in \(0, 1\), got 1.0'),
        (dict(temperature=0), 'temperature must be positive, got 0'),
    ],
)
def test_wrong_settings_are_named(settings, message):
    with pytest.raises(ValueError, match=message):
        build(**settings)


def test_wrong_saliency_is_named():
    with pytest.raises(ValueError, match=r'saliency must be \(5,\), got \(4,\)'):
        build()(torch.rand(4), bounds(2, 3))
    with pytest.raises(ValueError, match='saliency must be finite'):
        build()(torch.tensor([0.0, float('nan')]), bounds(2))
