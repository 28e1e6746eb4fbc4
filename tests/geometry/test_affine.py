import numpy as np
import pytest

from swin3d_mmdet3d.geometry.affine import fit_affine


def points(count=50, seed=0, offset=0.0):
    return np.random.default_rng(seed).normal(size=(count, 3)) * 3 + offset


@pytest.mark.parametrize('offset', [0.0, 5e5])
def test_the_map_of_any_turn_flip_scale_and_shift_is_found_back(offset):
    source = points(offset=offset)
    matrix = np.random.default_rng(1).normal(size=(3, 3)) * [1, -1, 0.4]
    target = (source - offset) @ matrix + [7, -2, 900]
    found, residual = fit_affine(source, target)
    assert residual < 1e-8
    np.testing.assert_allclose(found[:3], matrix, atol=1e-9)
    other = points(20, seed=2, offset=offset)
    np.testing.assert_allclose(
        other @ found[:3] + found[3], (other - offset) @ matrix + [7, -2, 900], atol=1e-6
    )


def test_the_residual_is_that_of_the_point_farthest_off():
    source = points(4000)
    target = source.copy()
    target[17, 1] += 0.3
    _, residual = fit_affine(source, target)
    assert residual == pytest.approx(0.3, rel=0.01)


@pytest.mark.parametrize('count', [0, 3, 50])
def test_points_in_a_plane_tell_no_map(count):
    flat = points(count) * [1, 1, 0]
    with pytest.raises(ValueError, match=f'source must hold points off one plane, got {count} points'):
        fit_affine(flat, flat)
    with pytest.raises(ValueError, match=r'source and target must be \(P, 3\) both'):
        fit_affine(flat, points(count + 1))
