"""What the numbers of colours mean."""

import numpy as np
import pytest

from swin3d_mmdet3d.structures.color_range import colors_in_255

RANGES = {
    'unit': (np.array([0.0, 0.5, 1.0]), [0, 127.5, 255]),
    'rounding above': (np.array([-1e-9, 0.5, 1.0000001]), [0, 127.5, 255]),
    'half floats': (np.array([0, 1.0005], np.float16), [0, 255]),
    'bytes': (np.array([0, 7, 255], np.uint8), [0, 7, 255]),
    'floats': (np.array([0.0, 7.5, 255.0001]), [0, 7.5, 255]),
    'dark bytes': (np.array([0, 2], np.uint8), [0, 2]),
    'dark ones': (np.array([0, 1], np.uint8), [0, 1]),
    'black': (np.array([0, 0]), [0, 0]),
    'truth values': (np.array([False, True]), [0, 255]),
    'all false': (np.array([False, False]), [0, 0]),
    '16 bits': (np.array([0, 25700, 65535], np.uint16), [0, 100, 255]),
    '16 bits as floats': (np.array([0.0, 25700.0]), [0, 100]),
}


@pytest.mark.parametrize('name', RANGES)
def test_colours_come_to_255(name):
    color, expected = RANGES[name]
    got, _ = colors_in_255(np.stack([color] * 3, axis=1))
    assert got.dtype == np.float32
    np.testing.assert_allclose(got, np.stack([expected] * 3, axis=1), atol=1e-4)


@pytest.mark.parametrize('color', [[-1.0, 1], [0, 256], [-5, 100], [0, 300.5], [0, 70000], [0, 900]])
def test_colours_of_no_range_are_refused(color):
    with pytest.raises(ValueError, match='color: expected values in 0..255, 0..1 or 0..65535'):
        colors_in_255(np.array([color] * 3).T)
