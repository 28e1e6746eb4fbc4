"""Brightness, contrast, saturation and hue of a whole cloud, changed at random."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from mmcv.transforms import BaseTransform
from mmdet3d.registry import TRANSFORMS
from torch import Tensor

from ....structures.color_range import FULL
from ..argument_checks import check_probability
from .colors import set_color

GREY = (0.2989, 0.587, 0.114)
"""Shares of red, green and blue in the brightness of a colour (ITU-R BT.601)."""


def grey_of(color: Tensor) -> Tensor:
    """Brightness ``(P, 1)`` of ``(P, 3)`` colours."""
    return (color * color.new_tensor(GREY)).sum(dim=1, keepdim=True)


def scale_brightness(color: Tensor, factor: float) -> Tensor:
    """``factor c``."""
    return color * factor


def scale_contrast(color: Tensor, factor: float) -> Tensor:
    """Distances to the mean brightness of the cloud times a factor."""
    return torch.lerp(grey_of(color).mean(), color, factor)


def scale_saturation(color: Tensor, factor: float) -> Tensor:
    """Distances of each colour to its own grey times a factor."""
    return torch.lerp(grey_of(color).expand_as(color), color, factor)


def turn_hue(color: Tensor, turn: float) -> Tensor:
    """Colours whose hue in HSV is turned by a share of the circle; value and saturation stay.

    A channel of a hue h (in sixths of the circle) is ``v - (v - low) clip(min(k, 4 - k), 0, 1)`` with
    ``k = (n + h) mod 6`` and n = 5, 3, 1 for red, green and blue.
    """
    value, top = color.max(dim=1, keepdim=True)
    span = value - color.amin(dim=1, keepdim=True)
    after = color.gather(1, (top + 1) % 3) - color.gather(1, (top + 2) % 3)
    hue = 2 * top + torch.where(span > 0, after / span.clamp_min(1e-12), 0) + 6 * turn
    place = torch.remainder(hue + hue.new_tensor([5.0, 3.0, 1.0]), 6)
    return value - span * torch.minimum(place, 4 - place).clamp(0, 1)


@TRANSFORMS.register_module()
class ColorJitter(BaseTransform):
    """Change brightness, contrast, saturation and hue of all points of a scene alike, in random order.

    Colours stay within 0 .. 255.

    Args:
        brightness: Its factor is drawn from [1 - brightness, 1 + brightness].
        contrast: The same.
        saturation: The same.
        hue: Its turn is drawn from [-hue, hue], shares of the circle of hues.
        prob: Probability of a change.

    Source: ColorJitter of torchvision, RandomColorJitter of Pointcept (there with these numbers, for MSC,
        arXiv 2303.14191).
    """

    def __init__(
        self,
        brightness: float = 0.4,
        contrast: float = 0.4,
        saturation: float = 0.2,
        hue: float = 0.02,
        prob: float = 0.8,
    ) -> None:
        self.brightness = check_probability('brightness', brightness)
        self.contrast = check_probability('contrast', contrast)
        self.saturation = check_probability('saturation', saturation)
        self.hue = check_probability('hue', hue)
        if hue > 0.5:
            raise ValueError(f'hue must lie in [0, 0.5], half of the circle, got {hue}')
        self.prob = check_probability('prob', prob)

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        """Change the colours."""
        if np.random.rand() >= self.prob:
            return results
        steps = [
            (scale_brightness, 1 + np.random.uniform(-self.brightness, self.brightness)),
            (scale_contrast, 1 + np.random.uniform(-self.contrast, self.contrast)),
            (scale_saturation, 1 + np.random.uniform(-self.saturation, self.saturation)),
            (turn_hue, np.random.uniform(-self.hue, self.hue)),
        ]
        color = results['points'].color.clone()
        for index in np.random.permutation(len(steps)):
            change, amount = steps[index]
            color = change(color, float(amount)).clamp_(0, FULL)
        set_color(results, color)
        return results

    def __repr__(self) -> str:
        return (
            f'{type(self).__name__}(brightness={self.brightness}, contrast={self.contrast}, '
            f'saturation={self.saturation}, hue={self.hue}, prob={self.prob})'
        )
