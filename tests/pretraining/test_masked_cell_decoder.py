import dataclasses

import pytest
import torch
from mmdet3d.registry import MODELS

import swin3d_mmdet3d  # noqa: F401
from swin3d_mmdet3d.structures import SparseVoxels

STRIDE, WINDOW = 4, 3


def decoder(seed=0, **settings):
    torch.manual_seed(seed)
    settings = dict(dict(in_channels=[4, 2], channels=8, num_heads=2, window_size=WINDOW), **settings)
    model = MODELS.build(dict(type='MaskedCellDecoder', **settings))
    for weight in model.parameters():  # initial ones are so small that places hardly matter
        torch.nn.init.normal_(weight, std=0.5)
    return model


def occupied(num_cells=60):
    """Cells of two samples, in a random order within each."""
    torch.manual_seed(1)
    place = torch.randperm(7**3)[:num_cells]
    xyz = torch.stack([place // 49, place // 7 % 7, place % 7], dim=1) - 3
    batch = (torch.arange(num_cells) >= num_cells // 2).long()
    return SparseVoxels(torch.cat([batch[:, None], xyz * STRIDE], dim=1), 2, STRIDE, 0.1)


def shown(cells, rows):
    torch.manual_seed(2)
    return torch.randn(len(rows), 6), cells.select(rows)


def test_permuting_hidden_cells_permutes_their_features():
    cells, model = occupied(), decoder()
    visible = shown(cells, torch.tensor([2, 5, 11, 31, 40, 58]))
    order = torch.cat([torch.randperm(30), 30 + torch.randperm(30)])
    expected = model(visible, cells)[order]
    permuted = dataclasses.replace(cells, coords=cells.coords[order])
    torch.testing.assert_close(model(visible, permuted), expected, atol=1e-5, rtol=1e-5)
    assert (expected[1:] - expected[:-1]).abs().min(dim=1).values.max() > 1e-3  # cells differ by their places


def test_a_shift_by_whole_windows_changes_nothing():
    cells, model = occupied(), decoder()
    feats, visible = shown(cells, torch.tensor([2, 5, 11, 31, 40, 58]))
    shift = torch.tensor([0, 2, -1, 5]) * STRIDE * WINDOW
    moved, moved_visible = (dataclasses.replace(c, coords=c.coords + shift) for c in (cells, visible))
    torch.testing.assert_close(
        model((feats, moved_visible), moved), model((feats, visible), cells), atol=1e-5, rtol=1e-5
    )


def test_where_voxels_lie_inside_of_cells_is_not_read():
    cells, model = occupied(), decoder()
    visible = shown(cells, torch.tensor([2, 5, 11, 31]))
    places = cells.coords[:, 1:] + torch.rand(60, 3) * STRIDE
    told = dataclasses.replace(cells, signals=dict(xyz=places, rgb=torch.rand(60, 3)))
    assert torch.equal(model(visible, told), model(visible, cells))


def test_without_attention_and_feed_forward_visible_cells_keep_their_features_and_hidden_ones_the_token():
    cells, model = occupied(), decoder()
    for block in model.stage.blocks:
        for layer in (block.attn.proj, block.mlp.fc2):
            torch.nn.init.zeros_(layer.weight)
            torch.nn.init.zeros_(layer.bias)
    rows = torch.tensor([3, 7, 33])
    feats, visible = shown(cells, rows)
    given = model((feats, visible), cells)
    expected = model.norm(model.token).expand(60, -1).clone()
    expected[rows] = model.norm(model.embed(feats))
    torch.testing.assert_close(given, expected)


def test_hidden_cells_learn_from_visible_ones_of_their_own_sample_alone():
    cells, model = occupied(), decoder(depth=4)
    feats, visible = shown(cells, torch.arange(5))  # of the first sample
    feats.requires_grad_()
    given = model((feats, visible), cells)
    (grad,) = torch.autograd.grad(given[30:].sum(), feats, retain_graph=True)
    assert bool((grad == 0).all())
    (grad,) = torch.autograd.grad((given[5:30] ** 2).sum(), feats)
    assert grad.abs().max() > 0


def test_token_and_embedding_are_trained():
    cells, model = occupied(), decoder()
    model(shown(cells, torch.tensor([2, 5, 31])), cells).square().sum().backward()
    assert all(weight.grad is not None for weight in model.parameters())
    assert model.token.grad.abs().max() > 0 and model.embed[1].weight.grad.abs().max() > 0


def test_wrong_cells_are_named():
    cells, model = occupied(), decoder()
    feats, visible = shown(cells, torch.tensor([2, 5]))
    coarse = dataclasses.replace(visible, coords=visible.coords * 2, stride=8)
    with pytest.raises(ValueError, match='visible cells must have the stride 4, got 8'):
        model((feats, coarse), cells)
    far = dataclasses.replace(visible, coords=visible.coords + torch.tensor([0, 400, 0, 0]))
    with pytest.raises(ValueError, match='visible cells must be among cells, 2 are not'):
        model((feats, far), cells)
    with pytest.raises(ValueError, match='depth must be at least 1, got 0'):
        decoder(depth=0)
