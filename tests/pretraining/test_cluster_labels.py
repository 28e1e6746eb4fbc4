"""Balanced labels of cells, against loops in float64, closed forms and the cells that they belong to."""

import pytest
import torch
from torch.nn.functional import log_softmax

from swin3d_mmdet3d.pretraining.targets import OnlineLabels, StoredLabels


def labels_of(logits, **settings):
    """The labels that stored labels give to N cells."""
    targets = StoredLabels(**settings)
    cells = torch.arange(len(logits)) * 7 + 3
    targets.assign(cells, logits)
    ((rows, labels),) = targets([cells], [logits])
    assert torch.equal(rows, torch.arange(len(logits)))
    return labels


def labels_by_loops(logits, sharpness, tolerance):
    """The published alternation of row and column factors, entry by entry in float64."""
    power = logits.double().softmax(dim=1) ** sharpness
    num_rows, num_columns = power.shape
    column = torch.full((num_columns,), 1 / num_columns, dtype=torch.float64)
    while True:
        row = torch.stack([1 / num_rows / sum(p * c for p, c in zip(values, column)) for values in power])
        total = torch.stack([sum(p * r for p, r in zip(values, row)) for values in power.t()])
        if bool(((total * column * num_columns - 1).abs() <= tolerance).all()):
            break
        column = 1 / num_columns / total
    return (row[:, None] * power * column).argmax(dim=1)


def test_labels_are_those_of_the_published_loop():
    torch.manual_seed(0)
    logits = torch.randn(60, 5) + torch.tensor([1.0, 0, 0, -1, 0])
    for sharpness in (1.0, 4.0):
        found = labels_of(logits, sharpness=sharpness, tolerance=1e-4)
        assert torch.equal(found, labels_by_loops(logits, sharpness, 1e-4))
        assert not torch.equal(found, logits.argmax(dim=1))


def test_clusters_that_the_network_hardly_names_are_used_as_often_as_others():
    """Groups of equal size, all said to be of cluster 0, though the k-th leans a little to cluster k."""
    torch.manual_seed(0)
    group = torch.randperm(80) % 4
    logits = 0.1 * torch.nn.functional.one_hot(group, 4) + torch.tensor([2.0, 0, 0, 0])
    assert bool((logits.argmax(dim=1) == 0).all())
    assert torch.equal(labels_of(logits), group)


def test_sharper_labels_are_nearer_to_the_likeliest_cluster_where_that_is_balanced():
    logits = 3 * torch.eye(4).repeat(10, 1) + 0.5 * torch.randn(40, 4, generator=torch.manual_seed(0))
    assert torch.equal(labels_of(logits), logits.argmax(dim=1))


def test_labels_belong_to_cells_whatever_their_order_and_others_keep_theirs():
    targets = StoredLabels()
    logits = 5 * torch.eye(3).repeat(4, 1)
    cells = torch.tensor([50, 7, 1 << 61, 9, 3, 12, 11, 80, 2, 4, 6, 5])
    targets.assign(cells, logits)
    known = dict(zip(cells.tolist(), (torch.arange(12) % 3).tolist()))
    asked = torch.tensor([2, 99, 1 << 61, 50, 0, 80])
    ((rows, labels),) = targets([asked], [torch.zeros(6, 3)])
    assert rows.tolist() == [0, 2, 3, 5]
    assert labels.tolist() == [known[cell] for cell in asked[rows].tolist()]
    targets.assign(torch.tensor([7, 99, 1]), logits[[2, 0, 1]])
    ((rows, labels),) = targets([torch.tensor([7, 9, 99])], [torch.zeros(3, 3)])
    assert labels.tolist() == [2, known[9], 0]
    assert bool((targets.cells.diff() > 0).all())


def test_labels_are_saved_and_loaded_however_many_there_are():
    first, second = StoredLabels(), StoredLabels()
    first.assign(torch.tensor([4, 8, 2, 1]), 5 * torch.eye(2).repeat(2, 1))
    second.assign(torch.tensor([5, 6]), 5 * torch.eye(2))
    second.load_state_dict(first.state_dict())
    assert second.cells.tolist() == [1, 2, 4, 8] and second.labels.tolist() == [1, 0, 0, 1]
    second.load_state_dict(StoredLabels().state_dict())
    assert len(second.cells) == 0


def test_shuffled_labels_are_as_many_of_each_cluster_in_another_order():
    torch.manual_seed(1)
    logits = 5 * torch.eye(4).repeat(25, 1)
    own, control = labels_of(logits), labels_of(logits, shuffle=True)
    assert torch.equal(own.bincount(), control.bincount()) and (own == control).float().mean() < 0.5


def test_labels_that_nobody_assigned_and_wrong_arguments_are_told():
    with pytest.raises(ValueError, match='labels must be assigned .* SelfLabelHook'):
        StoredLabels()([torch.tensor([1])], [torch.zeros(1, 2)])
    with pytest.raises(ValueError, match='sharpness must be positive, got 0'):
        StoredLabels(sharpness=0)
    with pytest.raises(ValueError, match='temperature must be positive, got -1'):
        OnlineLabels(temperature=-1)
    with pytest.raises(ValueError, match='cells must be those of two views, got 1'):
        OnlineLabels()([torch.tensor([1])], [torch.zeros(1, 2)])


def test_online_targets_are_what_the_other_view_says_of_the_same_cells():
    torch.manual_seed(0)
    cells = [torch.tensor([1, 4, 6, 9]), torch.tensor([2, 4, 9, 11, 12])]
    cosines = [torch.randn(4, 3), torch.randn(5, 3)]
    (rows_a, shares_a), (rows_b, shares_b) = OnlineLabels(temperature=0.5, iterations=300)(cells, cosines)
    assert rows_a.tolist() == [1, 3] and rows_b.tolist() == [1, 2]
    for shares, seen in ((shares_a, cosines[1][[1, 2]]), (shares_b, cosines[0][[1, 3]])):
        torch.testing.assert_close(shares.sum(dim=1), torch.ones(2))
        torch.testing.assert_close(shares.sum(dim=0), torch.full((3,), 2 / 3), atol=1e-4, rtol=0)
        # rows and columns are scaled alone: ratios of ratios stay
        ratios = shares.log() - log_softmax(seen / 0.5, dim=1)
        torch.testing.assert_close(ratios.diff(dim=0).diff(dim=1), torch.zeros(1, 2), atol=1e-4, rtol=0)
    torch.manual_seed(2)
    shuffled = OnlineLabels(temperature=0.5, iterations=300, shuffle=True)
    orders = {tuple(shuffled(cells, cosines)[0][1][:, 0].tolist()) for _ in range(12)}
    assert orders == {tuple(shares_a[:, 0].tolist()), tuple(shares_a.flip(0)[:, 0].tolist())}
