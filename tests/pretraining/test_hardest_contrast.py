import pytest
import torch

from swin3d_mmdet3d.pretraining.losses import HardestContrast


def loop(query, key, pairs, positive_margin=0.1, negative_margin=1.4):
    """The equation in float64, pair by pair, with all rows as candidates."""
    query, key = (rows.double() / rows.double().norm(dim=1, keepdim=True) for rows in (query, key))
    known = set(zip(*(side.tolist() for side in pairs)))
    terms = []
    for i, j in zip(*(side.tolist() for side in pairs)):
        pull = max(float((query[i] - key[j]).square().sum()) - positive_margin, 0)
        far_keys = [float((query[i] - key[b]).norm()) for b in range(len(key)) if (i, b) not in known]
        far_queries = [float((key[j] - query[a]).norm()) for a in range(len(query)) if (a, j) not in known]
        pushes = [
            max(negative_margin - min(far, default=float('inf')), 0) ** 2 for far in (far_keys, far_queries)
        ]
        terms.append(pull + sum(pushes) / 2)
    return sum(terms) / len(terms)


def nine_points():
    """Nine queries and seven keys, some of them with several partners, one of which is the nearest."""
    torch.manual_seed(3)
    query, key = torch.randn(9, 5), torch.randn(7, 5)
    key[1] = query[0] * 2 + 0.01  # planted: the nearest key of query 0 is not the one that it is drawn with
    query[4] = key[3] / 3 + 0.01
    pairs = torch.tensor([0, 0, 2, 4, 5, 4, 8]), torch.tensor([0, 1, 2, 2, 3, 3, 6])
    return query, key, pairs


def test_loss_and_gradient_are_those_of_the_loop_with_planted_false_negatives():
    query, key, pairs = nine_points()
    query.requires_grad_()
    loss = HardestContrast()(query, key, pairs)
    assert loss.item() == pytest.approx(loop(query.detach(), key, pairs), abs=1e-6)
    loss.backward()
    step = 1e-4
    for place in [(0, 0), (4, 2), (2, 4), (7, 1)]:
        moved = query.detach().double().repeat(2, 1, 1)
        moved[0][place] += step
        moved[1][place] -= step
        slope = (loop(moved[0], key, pairs) - loop(moved[1], key, pairs)) / (2 * step)
        assert query.grad[place].item() == pytest.approx(slope, abs=1e-4)


def test_a_pair_that_is_not_known_counts_as_the_hardest_negative():
    query, key, (row, other) = nine_points()
    fewer = torch.arange(len(row)) != 1
    unknown = HardestContrast()(query, key, (row[fewer], other[fewer]))
    assert unknown.item() == pytest.approx(loop(query, key, (row[fewer], other[fewer])), abs=1e-6)
    known = loop(query, key, (row, other))
    assert unknown > known + 0.1


@pytest.mark.parametrize('weight', [1.0, 0.5])
def test_closed_forms(weight):
    criterion = HardestContrast(loss_weight=weight)
    same = torch.tensor([[0.3, -2.0, 1.0]]).repeat(6, 1)
    assert criterion(same, 5 * same).item() == pytest.approx(weight * 1.4**2, abs=1e-6)
    apart = torch.eye(6)  # sqrt(2) from each other, beyond the margin
    assert criterion(apart, apart).item() == 0
    assert criterion(apart, -apart).item() == pytest.approx(weight * (4 - 0.1), abs=1e-6)
    turned = torch.tensor([[1.0, 0.0], [-1.0, 0.0]]), torch.tensor([[0.0, 1.0], [0.0, -1.0]])
    assert HardestContrast(negative_margin=2.0)(*turned).item() == pytest.approx(
        1.9 + (2 - 2**0.5) ** 2, abs=1e-6
    )


def test_collapsed_features_have_a_finite_gradient():
    rows = torch.ones(8, 4, requires_grad=True)
    HardestContrast()(rows, rows * 1.0).backward()
    assert bool(rows.grad.isfinite().all())


def test_a_row_that_is_paired_with_all_candidates_costs_nothing_more():
    query = torch.tensor([[1.0, 0.0]], requires_grad=True)
    key = torch.tensor([[1.0, 0.0], [0.0, 1.0]])
    loss = HardestContrast()(query, key, (torch.tensor([0, 0]), torch.tensor([0, 1])))
    loss.backward()
    assert loss.item() == pytest.approx((0 + 1.9) / 2, abs=1e-6)
    assert bool(query.grad.isfinite().all())


def test_without_pairs_it_is_0_and_reaches_all_rows():
    query, key = torch.randn(3, 4, requires_grad=True), torch.randn(5, 4, requires_grad=True)
    none = torch.zeros(0, dtype=torch.int64)
    loss = HardestContrast()(query, key, (none, none))
    loss.backward()
    assert loss.item() == 0 and bool((query.grad == 0).all()) and bool((key.grad == 0).all())


def test_pairs_and_candidates_are_drawn_evenly():
    torch.manual_seed(0)
    query, key = torch.randn(4, 3), torch.randn(4, 3)
    one_pair = HardestContrast(negative_margin=1e-6, max_positives=1)
    drawn = torch.stack([one_pair(query, key) for _ in range(600)])
    every = torch.stack([one_pair(query, key, (torch.tensor([i]), torch.tensor([i]))) for i in range(4)])
    assert drawn.mean().item() == pytest.approx(every.mean().item(), abs=0.1)
    assert len(drawn.unique()) == len(every.unique())
    one_candidate = HardestContrast(positive_margin=3.99, num_candidates=1)
    values = torch.stack([one_candidate(query, key) for _ in range(600)])
    unit = [torch.nn.functional.normalize(rows.double(), dim=1) for rows in (query, key)]
    cost = (1.4 - torch.cdist(*unit)).relu().square()
    cost.fill_diagonal_(0)
    pull = ((unit[0] - unit[1]).square().sum(1) - 3.99).relu().mean()
    # each side's candidate is one of four; the one that a row is paired with costs nothing
    expected = pull + cost.mean(dim=0).mean() / 2 + cost.mean(dim=1).mean() / 2
    assert values.mean().item() == pytest.approx(expected.item(), abs=0.05)


def test_autocast_changes_nothing():
    query, key, pairs = nine_points()
    with torch.autocast('cpu', dtype=torch.bfloat16):
        assert HardestContrast()(query, key, pairs).item() == pytest.approx(loop(query, key, pairs), abs=1e-6)


@pytest.mark.parametrize(
    ('settings', 'message'),
    [
        (dict(positive_margin=-0.1), r'positive_margin must lie in \[0, 4\), got -0.1'),
        (dict(negative_margin=0), r'negative_margin must lie in \(0, 2\], got 0'),
        (dict(max_positives=0), 'max_positives must be at least 1, got 0'),
        (dict(num_candidates=0), 'num_candidates must be at least 1, got 0'),
    ],
)
def test_wrong_settings_are_named(settings, message):
    with pytest.raises(ValueError, match=message):
        HardestContrast(**settings)


def test_rows_that_do_not_fit_are_named():
    with pytest.raises(
        ValueError, match=r'query and key must be \(N, C\) and \(M, C\), got \(2, 3\) and \(2, 4\)'
    ):
        HardestContrast()(torch.zeros(2, 3), torch.zeros(2, 4))
    with pytest.raises(ValueError, match=r'query and key must be \(N, C\) without pairs'):
        HardestContrast()(torch.zeros(2, 3), torch.zeros(4, 3))
    with pytest.raises(ValueError, match=r'pairs must be rows \(K,\) and \(K,\), got \(2,\) and \(3,\)'):
        HardestContrast()(
            torch.zeros(2, 3), torch.zeros(4, 3), (torch.zeros(2).long(), torch.zeros(3).long())
        )
