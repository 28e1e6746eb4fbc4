"""The coarse-to-fine decoder, against its formula point by point."""

import pytest
import torch
from mmdet3d.registry import MODELS
from torch.nn.functional import linear

SETTINGS = dict(
    type='CoarseFineFolding', in_channels=6, coarse_channels=10, fold_channels=8, num_coarse=3, extent=0.05
)


def small():
    torch.manual_seed(0)
    return MODELS.build(SETTINGS).double().eval()


def test_a_fine_point_is_its_coarse_point_and_a_fold_of_feature_grid_and_coarse_point():
    head, feats = small(), torch.randn(4, 6, dtype=torch.float64)
    coarse, fine = head(feats)
    assert coarse.shape == (4, 3, 3) and fine.shape == (4, 12, 3)
    corners = [(x, y) for x in (-0.05, 0.05) for y in (-0.05, 0.05)]
    for row, point, corner in ((0, 0, 0), (1, 2, 3), (3, 1, 2)):
        given = torch.cat([feats[row], torch.tensor(corners[corner]).double(), coarse[row, point]])
        hidden = linear(given, head.fold.joint.weight)
        wanted = coarse[row, point] + head.fold.layers(hidden[None])[0]
        torch.testing.assert_close(fine[row, 4 * point + corner], wanted, atol=1e-8, rtol=1e-6)


def test_both_layers_of_the_fold_are_as_wide_as_asked_for():
    widths = [layer.out_features for layer in small().fold.layers if isinstance(layer, torch.nn.Linear)]
    assert small().fold.joint.out_features == 8 and widths == [8, 3]


def test_no_features_give_no_points():
    coarse, fine = small().train()(torch.zeros(0, 6, dtype=torch.float64))
    assert coarse.shape == (0, 3, 3) and fine.shape == (0, 12, 3)


def test_a_decoder_without_points_is_refused():
    with pytest.raises(ValueError, match='num_coarse must be at least 1, got 0'):
        MODELS.build(dict(SETTINGS, num_coarse=0))
