"""Charts are drawn without a display; numbers that do not belong to their names are refused."""

import numpy as np
import pytest
from PIL import Image

from swin3d_mmdet3d.visualization.score_charts import (
    write_bar_chart,
    write_confusion_chart,
    write_curve_chart,
)


def pixels(path):
    return np.asarray(Image.open(path).convert('RGB')).astype(int)


def test_a_better_diagonal_is_darker(tmp_path):
    names = ['floor', 'wall', 'chair']
    for name, matrix in dict(good=np.eye(3) * 9, bad=np.ones((3, 3)), empty=np.zeros((3, 3))).items():
        write_confusion_chart(tmp_path / f'{name}.png', matrix, names, names)
    dark = (8, 48, 107)  # the end of the scale of blues
    counts = {
        name: (np.abs(pixels(tmp_path / f'{name}.png') - dark).sum(axis=2) < 20).sum()
        for name in ('good', 'bad', 'empty')
    }
    assert counts['good'] > 3 * max(counts['bad'], counts['empty'])


@pytest.mark.parametrize('classes', [1, 30, 200])
def test_any_number_of_classes_is_drawn(tmp_path, classes):
    names = [f'class {number}' for number in range(classes)]
    write_confusion_chart(tmp_path / 'm.png', np.eye(classes), names, names)
    scores = np.linspace(0, 1, classes)
    scores[0] = np.nan
    write_bar_chart(tmp_path / 'b.png', names, dict(IoU=scores), dict(IoU=float('nan')))
    assert min(pixels(tmp_path / 'm.png').shape[:2] + pixels(tmp_path / 'b.png').shape[:2]) > 100


def test_a_longer_bar_has_more_colour(tmp_path):
    lengths = []
    for score in (0.2, 0.8):
        write_bar_chart(tmp_path / 'b.png', ['a'], dict(IoU=np.array([score])), {})
        lengths.append((np.abs(pixels(tmp_path / 'b.png') - (31, 119, 180)).sum(axis=2) < 20).sum())
    assert lengths[1] > 2 * lengths[0]


def test_numbers_without_names_are_refused(tmp_path):
    with pytest.raises(ValueError, match=r'matrix: expected shape \(2, 2\)'):
        write_confusion_chart(tmp_path / 'm.png', np.eye(3), ['a', 'b'], ['a', 'b'])
    with pytest.raises(ValueError, match='IoU: expected one for each of 2 classes, got 3'):
        write_bar_chart(tmp_path / 'b.png', ['a', 'b'], dict(IoU=np.zeros(3)), {})
    with pytest.raises(ValueError, match='curves: expected at least one'):
        write_curve_chart(tmp_path / 'c.png', {})
    assert list(tmp_path.iterdir()) == []
