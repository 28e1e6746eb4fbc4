import numpy as np
import pytest

from swin3d_mmdet3d.visualization import feature_picture, pca_colors


def turned(columns, width, seed=0):
    """Columns (P, k) as features of some width: shifted, and turned by a random rotation."""
    rng = np.random.default_rng(seed)
    turn, _ = np.linalg.qr(rng.normal(size=(width, width)))
    padded = np.zeros((len(columns), width))
    padded[:, : columns.shape[1]] = columns
    return padded @ turn + rng.normal(size=width)


def test_channels_are_the_principal_components_in_the_order_of_their_strength():
    rng = np.random.default_rng(0)
    columns = rng.uniform(-1, 1, (4000, 4)) * [3.0, 9.0, 1.0, 0.1]
    colors = pca_colors(turned(columns, 16)).astype(float)
    for channel, column in enumerate((1, 0, 2)):
        low, high = np.percentile(columns[:, column], [1, 99])
        wanted = np.clip((columns[:, column] - low) / (high - low) * 255, 0, 255)
        error = min(np.abs(colors[:, channel] - side).mean() for side in (wanted, 255 - wanted))
        assert error < 8


def test_signs_do_not_depend_on_the_order_of_the_points():
    feats = np.random.default_rng(0).normal(size=(300, 8)) * np.arange(1, 9)
    order = np.random.default_rng(1).permutation(300)
    np.testing.assert_allclose(
        pca_colors(feats[order]).astype(int), pca_colors(feats).astype(int)[order], atol=1
    )


def test_points_of_different_features_have_different_colours():
    feats = turned(np.repeat(np.eye(3), 50, axis=0), 32)
    colors = pca_colors(feats)
    assert len(np.unique(colors, axis=0)) == 3
    assert all(len(np.unique(colors[rows], axis=0)) == 1 for rows in np.arange(150).reshape(3, 50))


@pytest.mark.parametrize('shape', [(0, 4), (1, 4), (7, 1), (7, 0), (7, 2)])
def test_components_that_there_are_not_are_grey(shape):
    feats = np.random.default_rng(0).normal(size=shape)
    colors = pca_colors(feats)
    rank = min(shape[1], max(shape[0] - 1, 0), 3)
    assert colors.shape == (shape[0], 3) and (colors[:, rank:] == 128).all()
    assert (pca_colors(feats * 0 + 5) == 128).all()


def test_wrong_features_are_named():
    for feats in (np.zeros(4), np.array([[1.0, np.nan]])):
        with pytest.raises(ValueError, match=r'feats must be finite \(P, C\), got'):
            pca_colors(feats)


def test_a_picture_has_a_column_for_each_kind_of_features():
    rng = np.random.default_rng(0)
    xyz = rng.uniform(0, 3, (400, 3))
    feats = dict(flat=np.zeros((400, 4)), place=xyz)
    picture = np.asarray(feature_picture(xyz, np.full((400, 3), 90), feats, panel=(60, 80))).astype(int)
    gray = [
        np.abs(picture[40:, start : start + 80] - picture[40:, start : start + 80, :1]).max()
        for start in (0, 86, 172)
    ]
    assert gray[0] == gray[1] == 0 < gray[2]
    with pytest.raises(ValueError, match='place: expected one for each of 399 points, got 400'):
        feature_picture(xyz[:399], None, dict(place=xyz))
