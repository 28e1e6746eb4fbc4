"""Pictures of rays show each pixel's own values in its own place."""

import numpy as np
import pytest

from swin3d_mmdet3d.visualization import ray_picture
from swin3d_mmdet3d.visualization.ray_picture import EMPTY, GAP, TITLE_HEIGHT


def test_colours_stand_above_depths_at_their_pixels_column_by_column():
    pixels = np.array([[0, 0], [3, 1], [4, 2]])
    first = (np.array([[1, 0, 0], [0, 1, 0], [0.2, 0.4, 0.6]]), np.array([0.0, 1.0, 2.0]))
    second = (np.array([[0, 0, 1], [2.0, 0, 0], [0, 0, -1]]), np.array([1.0, 5.0, 0.5]))
    picture = np.asarray(ray_picture(pixels, dict(a=first, b=second), (5, 3), enlarge=2)).astype(int)
    assert picture.shape == (TITLE_HEIGHT + 2 * 6 + GAP, 2 * 10 + GAP, 3)
    seen = np.full((2, 2, 6, 10, 3), EMPTY)
    greys = [[255, 127.5, 0], [127.5, 0, 191.25]]  # the farthest of the first column is black in both
    for column, (color, _) in enumerate((first, second)):
        for (u, v), rgb, grey in zip(pixels, np.clip(color, 0, 1) * 255, greys[column]):
            seen[column, 0, 2 * v : 2 * v + 2, 2 * u : 2 * u + 2] = np.rint(rgb)
            seen[column, 1, 2 * v : 2 * v + 2, 2 * u : 2 * u + 2] = np.rint(grey)
    for column in range(2):
        for row in range(2):
            top, left = TITLE_HEIGHT + row * (6 + GAP), column * (10 + GAP)
            np.testing.assert_array_equal(picture[top : top + 6, left : left + 10], seen[column, row])


@pytest.mark.parametrize('pixels', [np.zeros((0, 2), int), np.array([[5, 0]]), np.array([[-1, 0]])])
def test_pixels_outside_of_the_frame_are_named(pixels):
    with pytest.raises(ValueError, match='pixels must be .* within 5 x 3, at least one'):
        ray_picture(pixels, dict(a=(np.zeros((len(pixels), 3)), np.zeros(len(pixels)))), (5, 3))
