"""Cosines with texts by the Gram matrix of the projection, against the projection of each voxel."""

import copy

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from swin3d_mmdet3d.models.decode_heads.text_cosines import projected_cosines


def by_definition(feats, projection, texts):
    return F.normalize(projection(feats), dim=1) @ texts.t()


def texts_of(number, width):
    return F.normalize(torch.randn(number, width), dim=1)


@pytest.mark.parametrize(('channels', 'width'), [(32, 384), (5, 3), (1, 1), (96, 512)])
def test_values_and_gradients_are_those_of_the_projection(channels, width):
    projection, texts = nn.Linear(channels, width).double(), texts_of(4, width).double()
    feats, grad = torch.randn(50, channels).double(), torch.randn(50, 4).double()
    found = []
    for formula in (by_definition, projected_cosines):
        leaves = [feats.clone().requires_grad_(), *projection.parameters()]
        out = formula(leaves[0], projection, texts)
        found.append([out, *torch.autograd.grad(out, leaves, grad)])
    for expected, ours in zip(*found):
        torch.testing.assert_close(ours, expected, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize('shrink', [1, 10, 1000])
def test_directions_that_the_projection_shrinks_keep_their_cosines_in_float32(shrink):
    left, _, right = torch.linalg.svd(torch.randn(64, 8, dtype=torch.float64), full_matrices=False)
    projection, texts = nn.Linear(8, 64), texts_of(5, 64)
    with torch.no_grad():
        projection.weight.copy_(
            left @ torch.diag(shrink ** -torch.linspace(0, 1, 8, dtype=torch.float64)) @ right
        )
        projection.bias.zero_()
    feats = torch.cat([torch.randn(20, 8), 3 * right[-1:].float()])  # the last is the most shrunk direction
    exact = by_definition(feats.double(), copy.deepcopy(projection).double(), texts.double())
    found = projected_cosines(feats, projection, texts)
    assert found.dtype == torch.float32 and (found - exact).abs().max() < 1e-7 * (2 + shrink)


def test_where_the_projection_is_zero_so_are_the_cosines_and_no_gradient_is_nan():
    projection, texts = nn.Linear(4, 6), texts_of(3, 6)
    nn.init.zeros_(projection.bias)
    feats = torch.zeros(2, 4, requires_grad=True)
    out = projected_cosines(feats, projection, texts)
    out.sum().backward()
    assert not out.any() and feats.grad.isfinite().all() and projection.weight.grad.isfinite().all()
    assert projected_cosines(torch.zeros(0, 4), projection, texts).shape == (0, 3)


def test_autocast_rounds_the_products_and_not_the_lengths():
    projection, texts = nn.Linear(32, 384), texts_of(7, 384)
    feats = torch.randn(100, 32)
    exact = by_definition(feats, projection, texts)
    with torch.autocast('cpu', dtype=torch.bfloat16):
        found = projected_cosines(feats, projection, texts)
    assert found.dtype == torch.bfloat16 and (found.float() - exact).abs().max() < 4e-3
