"""The prototype head against a float64 loop; lengths of embeddings and prototypes do not count."""

import math

import pytest
import torch
from mmdet3d.registry import MODELS

import swin3d_mmdet3d  # noqa: F401


def head(**changes):
    torch.manual_seed(0)
    settings = dict(in_channels=5, num_prototypes=7, hidden_channels=8, embed_channels=4)
    own = MODELS.build(dict(type='PrototypeHead', **{**settings, **changes})).double()
    for layer in own.embedding[::2]:
        torch.nn.init.normal_(layer.weight)
        torch.nn.init.normal_(layer.bias)
    return own


def test_results_are_cosines_of_the_embedded_features_and_the_prototypes():
    own = head()
    feats = torch.randn(6, 5, dtype=torch.float64)
    narrow, _, wide = own.embedding
    for row, found in zip(feats, own(feats)):
        hidden = narrow.weight @ row + narrow.bias
        hidden = hidden * 0.5 * (1 + torch.erf(hidden / math.sqrt(2)))
        embedded = wide.weight @ hidden + wide.bias
        for prototype, cosine in zip(own.prototypes, found):
            expected = embedded.dot(prototype) / (embedded.norm() * prototype.norm())
            torch.testing.assert_close(cosine, expected, rtol=1e-12, atol=1e-14)


def test_lengths_of_prototypes_change_nothing_and_are_not_trained():
    own, feats = head(), torch.randn(6, 5, dtype=torch.float64)
    before = own(feats)
    (before * torch.randn_like(before)).sum().backward()
    torch.testing.assert_close(
        (own.prototypes.grad * own.prototypes).sum(dim=1), torch.zeros(7).double(), rtol=0, atol=1e-12
    )
    assert own.prototypes.grad.norm(dim=1).min() > 1e-3
    with torch.no_grad():
        own.prototypes *= torch.rand(7, 1, dtype=torch.float64) + 0.1
    torch.testing.assert_close(own(feats), before, rtol=1e-12, atol=1e-14)


def test_cosines_are_of_float32_under_autocast():
    own = head().float()
    feats = torch.randn(6, 5)
    with torch.autocast('cpu', dtype=torch.bfloat16):
        found = own(feats)
    assert found.dtype == torch.float32
    torch.testing.assert_close(found, own(feats), rtol=0, atol=0.05)


def test_no_feature_has_no_cosines_and_a_gradient_of_nothing():
    own = head()
    own(torch.zeros(0, 5, dtype=torch.float64)).sum().backward()
    assert all(bool((weight.grad == 0).all()) for weight in own.parameters())


def test_one_prototype_is_refused():
    with pytest.raises(ValueError, match='num_prototypes must be at least 2, got 1'):
        head(num_prototypes=1)


def test_standardised_features_have_neither_offset_nor_scale():
    own = head(standardize=True).train()
    feats = torch.randn(50, 5, dtype=torch.float64)
    moved = feats * torch.tensor([1.0, 2, 3, 4, 0.5]) + torch.arange(5) * 10
    torch.testing.assert_close(own(moved), own(feats), rtol=0, atol=1e-3)
    plain = head().train()
    assert (plain(moved) - plain(feats)).abs().max() > 0.1
    # what rows have in common no longer makes them alike
    assert own(moved).std(dim=0).mean() > 3 * plain(moved).std(dim=0).mean()


def test_standardised_features_are_those_of_the_call_in_eval_mode_too_and_of_a_single_row_0():
    own = head(standardize=True)
    feats = torch.randn(50, 5, dtype=torch.float64) * 3 + 7
    expected = head()((feats - feats.mean(dim=0)) / (feats.var(dim=0, unbiased=False) + 1e-5).sqrt())
    torch.testing.assert_close(own.eval()(feats), expected, rtol=1e-10, atol=1e-12)
    torch.testing.assert_close(own.train()(feats), expected, rtol=1e-10, atol=1e-12)
    nothing = head()(torch.zeros(1, 5, dtype=torch.float64))
    torch.testing.assert_close(own(feats[:1]), nothing, rtol=1e-10, atol=1e-12)
    own(feats[:0]).sum().backward()
