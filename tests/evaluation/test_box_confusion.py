"""Found boxes are matched with the truth best first, and every box is counted once."""

import numpy as np
import pytest

from swin3d_mmdet3d.evaluation.box_confusion import box_confusion


def test_a_case_counted_by_hand():
    # Truth: two of class 0, one of class 1. Found: a hit, another on the same object, a wrong class, noise.
    overlap = np.array([[0.8, 0.1, 0.0], [0.7, 0.2, 0.0], [0.0, 0.0, 0.5], [0.0, 0.0, 0.1]])
    matrix, hit = box_confusion(overlap, np.array([0, 0, 0, 1]), np.array([0, 0, 1]), 2, 0.25)
    np.testing.assert_array_equal(matrix, [[1, 0, 1], [1, 0, 0], [1, 1, 0]])
    np.testing.assert_array_equal(hit, [True, False, False])


@pytest.mark.parametrize('found, truth', [(0, 0), (0, 4), (5, 0), (7, 6)])
def test_rows_count_the_truth_and_columns_what_was_found(found, truth):
    rng = np.random.default_rng(found)
    found_label, truth_label = rng.integers(0, 3, found), rng.integers(0, 3, truth)
    matrix, hit = box_confusion(rng.random((found, truth)), found_label, truth_label, 3, 0.5)
    np.testing.assert_array_equal(matrix[:3].sum(axis=1), np.bincount(truth_label, minlength=3))
    np.testing.assert_array_equal(matrix[:, :3].sum(axis=0), np.bincount(found_label, minlength=3))
    assert hit.sum() == np.trace(matrix[:3, :3])


def test_shapes_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match=r'overlap: expected shape \(2, 3\)'):
        box_confusion(np.zeros((3, 2)), np.zeros(2, int), np.zeros(3, int), 2, 0.25)
