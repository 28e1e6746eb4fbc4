import copy

import pytest
import torch
from mmdet3d.registry import MODELS

from swin3d_mmdet3d.pretraining.heads import FoldingHead

IN, HIDDEN = 5, 8


def head(num_points=4, **changes):
    torch.manual_seed(0)
    settings = dict(type='FoldingHead', in_channels=IN, hidden_channels=HIDDEN, num_points=num_points)
    return MODELS.build({**settings, **changes}).double()


def by_rows(fold, feats, points):
    """One fold, each point of each feature a row of the concatenated input, in float64."""
    rows = torch.stack([torch.cat([f, p]) for f, own in zip(feats, points) for p in own])
    for layer in (fold.joint, *fold.layers):
        rows = layer(rows)
    return rows.view(len(feats), -1, 3)


@pytest.mark.parametrize('training', [True, False], ids=['training', 'evaluation'])
@pytest.mark.parametrize('num_points', [1, 4, 9])
def test_offsets_and_gradients_are_those_of_two_mlps_over_feature_and_point(num_points, training):
    own, other = head(num_points), None
    for norm in own.modules():  # running statistics that are not the initial ones
        if isinstance(norm, torch.nn.BatchNorm1d):
            torch.nn.init.uniform_(norm.running_mean)
            torch.nn.init.uniform_(norm.running_var, 0.5, 2)
    own.train(training)
    other = copy.deepcopy(own)
    feats = torch.randn(7, IN, dtype=torch.float64)
    steps = torch.linspace(-1, 1, round(num_points**0.5), dtype=torch.float64)
    grid = torch.tensor([[x, y] for x in steps for y in steps], dtype=torch.float64).expand(7, -1, -1)
    found = own(feats)
    expected = by_rows(other.second, feats, by_rows(other.first, feats, grid))
    torch.testing.assert_close(found, expected, rtol=1e-9, atol=1e-12)
    weights = torch.randn(found.shape, dtype=torch.float64)
    for offsets in (found, expected):
        (offsets * weights).sum().backward()
    for (name, mine), theirs in zip(own.named_parameters(), other.parameters()):
        torch.testing.assert_close(mine.grad, theirs.grad, rtol=1e-8, atol=1e-10, msg=name)


def test_a_last_layer_of_zeros_leaves_all_points_at_the_place_of_their_feature():
    own = head()
    torch.nn.init.zeros_(own.second.layers[-1].weight)
    torch.nn.init.zeros_(own.second.layers[-1].bias)
    assert bool((own(torch.randn(6, IN, dtype=torch.float64)) == 0).all())


def test_no_feature_and_one_feature_have_offsets_too():
    own = head()
    assert own(torch.zeros(0, IN, dtype=torch.float64)).shape == (0, 4, 3)
    own(torch.randn(1, IN, dtype=torch.float64)).sum().backward()
    assert all(bool(weight.grad.isfinite().all()) for weight in own.parameters())


def test_the_points_of_a_feature_learn_places_of_their_own():
    own, feats = head(hidden_channels=32), torch.randn(3, IN, dtype=torch.float64)
    places = torch.randn(3, 4, 3, dtype=torch.float64)
    optimiser = torch.optim.AdamW(own.parameters(), lr=1e-2)
    for _ in range(200):
        loss = (own(feats) - places).square().mean()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    together = (places - places.mean(dim=1, keepdim=True)).square().mean()
    assert loss < 0.05 * together  # what four points in one place would have


def test_numbers_that_make_no_grid_are_named():
    for count in (0, 3, -4):
        with pytest.raises(ValueError, match=f'num_points must be a square number, got {count}'):
            FoldingHead(IN, num_points=count)
    with pytest.raises(ValueError, match='hidden_channels must be at least 2, got 1'):
        FoldingHead(IN, hidden_channels=1)
