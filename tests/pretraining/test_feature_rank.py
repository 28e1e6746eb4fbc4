"""The effective rank of features against closed forms."""

import math

import pytest
import torch

from swin3d_mmdet3d.pretraining.feature_rank import feature_rank


def orthogonal(rows, columns):
    """Columns of mean 0 that are at right angles."""
    generator = torch.Generator().manual_seed(0)
    start = torch.cat([torch.ones(rows, 1), torch.randn(rows, columns, generator=generator)], dim=1).double()
    return torch.linalg.qr(start)[0][:, 1:]


def test_it_is_the_number_of_directions_that_features_vary_alike_in():
    axes = orthogonal(40, 6)
    assert float(feature_rank(axes)) == pytest.approx(6)
    assert float(feature_rank(torch.cat([axes[:, :3], -axes[:, :3]], dim=1))) == pytest.approx(3)
    assert float(feature_rank(axes[:, :1] * torch.arange(1.0, 9))) == pytest.approx(1, abs=1e-5)


def test_directions_count_by_the_entropy_of_their_singular_values():
    axes = orthogonal(40, 2)
    # one axis in four channels, one in a single channel: singular values 2 and 1
    feats = torch.cat([axes[:, :1].expand(-1, 4), axes[:, 1:]], dim=1)
    entropy = -(2 / 3 * math.log(2 / 3) + 1 / 3 * math.log(1 / 3))
    assert float(feature_rank(feats)) == pytest.approx(math.exp(entropy), abs=1e-5)


def test_neither_scale_nor_place_of_a_channel_matters():
    feats = torch.randn(50, 7, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    moved = feats * torch.tensor([1e-3, 1, 5, 1e3, -1, 2, 0.1]) + torch.arange(7)
    torch.testing.assert_close(feature_rank(moved), feature_rank(feats))
    assert float(feature_rank(torch.cat([feats, torch.full((50, 3), 7.1)], dim=1))) == pytest.approx(
        float(feature_rank(feats))
    )


@pytest.mark.parametrize('dtype', [torch.float16, torch.bfloat16, torch.float32])
def test_features_that_are_all_the_same_have_none(dtype):
    assert float(feature_rank(torch.randn(1, 5).expand(30, 5).to(dtype))) == 0
    assert float(feature_rank(torch.randn(1, 5).to(dtype))) == 0


def test_it_is_at_most_what_rows_and_channels_allow():
    wide = torch.randn(5, 64, generator=torch.Generator().manual_seed(2))
    assert 3 < float(feature_rank(wide)) <= 4 + 1e-6
