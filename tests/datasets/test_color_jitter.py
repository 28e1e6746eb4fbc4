"""Colour changes against Python's colorsys and closed forms."""

import colorsys

import numpy as np
import pytest
import torch

from swin3d_mmdet3d.datasets.transforms import ColorJitter
from swin3d_mmdet3d.datasets.transforms.points.color_jitter import (
    grey_of,
    scale_contrast,
    scale_saturation,
    turn_hue,
)
from swin3d_mmdet3d.structures.normal_points import NormalPoints

CORNERS = [[r, g, b] for r in (0, 255) for g in (0, 255) for b in (0, 255)]


def colors():
    drawn = np.random.default_rng(0).integers(0, 256, (200, 3)).tolist()
    return torch.tensor([*CORNERS, *drawn, [7, 7, 7], [9, 9, 3], [3, 9, 9], [9, 3, 9]]).double()


@pytest.mark.parametrize('turn', [0.0, 0.02, -0.3, 0.5])
def test_hue_turns_as_in_hsv(turn):
    expected = []
    for color in (colors() / 255).tolist():
        hue, saturation, value = colorsys.rgb_to_hsv(*color)
        expected.append(colorsys.hsv_to_rgb((hue + turn) % 1, saturation, value))
    torch.testing.assert_close(turn_hue(colors(), turn) / 255, torch.tensor(expected).double())


def test_contrast_and_saturation_keep_the_greys_and_scale_the_distances_to_them():
    color = colors()
    mean = grey_of(color).mean()
    torch.testing.assert_close(scale_contrast(color, 0.3) - mean, 0.3 * (color - mean))
    less = scale_saturation(color, 0.3)
    torch.testing.assert_close(less - grey_of(color), 0.3 * (color - grey_of(color)))
    torch.testing.assert_close(grey_of(less), grey_of(color), rtol=0, atol=0.02)  # the shares sum to 0.9999
    torch.testing.assert_close(grey_of(color)[:, 0], color @ torch.tensor([0.2989, 0.587, 0.114]).double())


def jittered(seed, **arguments):
    np.random.seed(seed)
    columns = torch.cat([torch.zeros(len(colors()), 3), colors()], dim=1).float()
    return ColorJitter(**arguments).transform(dict(points=NormalPoints.from_columns(columns)))['points'].color


def test_colours_stay_in_range_and_one_draw_serves_all_points():
    for seed in range(20):
        color = jittered(seed, brightness=0.9, contrast=0.9, saturation=0.9, hue=0.5, prob=1.0)
        assert color.min() >= 0 and color.max() <= 255
    brighter = jittered(3, brightness=0.2, contrast=0, saturation=0, hue=0, prob=1.0)
    factor = (brighter / colors().float())[(colors() > 0) & (brighter < 255)]
    assert 0.8 <= factor.min() and factor.max() <= 1.2 and factor.std() < 1e-4


def test_probability_and_strength_of_0_leave_the_colours():
    assert torch.equal(jittered(0, prob=0.0), colors().float())
    still = jittered(0, brightness=0, contrast=0, saturation=0, hue=0, prob=1.0)
    torch.testing.assert_close(still, colors().float(), rtol=0, atol=1e-3)
    changed = [not torch.equal(jittered(seed, prob=0.8), colors().float()) for seed in range(200)]
    assert 0.7 < sum(changed) / 200 < 0.9


def test_arguments_out_of_range_are_named():
    with pytest.raises(ValueError, match='hue must lie in'):
        ColorJitter(hue=0.6)
    with pytest.raises(ValueError, match='brightness must'):
        ColorJitter(brightness=-0.1)
