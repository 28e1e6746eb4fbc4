"""Colour transforms: augmentation of rgb in [0, 255], then the step to [-1, 1]."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from mmcv.transforms import BaseTransform
from mmdet3d.registry import TRANSFORMS
from torch import Tensor

from ....structures.color_range import FULL
from ..argument_checks import check_positive, check_probability
from ..point_selection import scene_label


def set_color(results: dict[str, Any], color: Tensor) -> None:
    """Write ``(P, 3)`` colours; the stock setter warns on signed ones."""
    points = results['points']
    points.tensor[:, points.attribute_dims['color']] = color.to(points.tensor)


@TRANSFORMS.register_module()
class NormalizeColorSigned(BaseTransform):
    """Turn rgb of 0 .. 255 into rgb / 127.5 - 1 in [-1, 1], the range of the network.

    Source: Swin3D_Task (arXiv 2304.06906), the range of colours and signals.
    """

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        """Scale the colours; raise ValueError naming the scene if one is not finite or leaves 0 .. 255."""
        color = results['points'].color
        if len(color):
            low, high = float(color.min()), float(color.max())
            if not (low >= 0 and high <= FULL):  # false for NaN as well
                raise ValueError(
                    f'{scene_label(results)}: colours must be finite and lie in 0 .. 255, '
                    f'got {low:g} .. {high:g}'
                )
        set_color(results, color / 127.5 - 1)
        return results


@TRANSFORMS.register_module()
class RandomDropColor(BaseTransform):
    """Give all points of a scene the colour 0, which is middle grey in [-1, 1].

    Stands behind ``NormalizeColorSigned``, as in the original recipe. The stock RandomDropPointsColor,
    before it, would make the scene black.

    Args:
        prob: Probability of dropping the colours.

    Source: Swin3D_Task, colour drop with probability 0.2.
    """

    def __init__(self, prob: float = 0.2) -> None:
        self.prob = check_probability('prob', prob)

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        """Replace the colours by zeros; raise ValueError if they are not in [-1, 1] yet."""
        color = results['points'].color
        if len(color) and float(color.max()) > 1:
            raise ValueError(
                f'{scene_label(results)}: colours must lie in [-1, 1] before RandomDropColor, '
                f'got up to {float(color.max()):g}; place it behind NormalizeColorSigned'
            )
        if np.random.rand() < self.prob:
            set_color(results, torch.zeros_like(color))
        return results

    def __repr__(self) -> str:
        return f'{type(self).__name__}(prob={self.prob})'


class RandomColorChange(BaseTransform):
    """A change of the colours of a scene that happens with a probability, clipped to 0 .. 255.

    Args:
        prob: Probability of a change.
    """

    def __init__(self, prob: float) -> None:
        self.prob = check_probability('prob', prob)

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        """Change the colours, or leave them."""
        if np.random.rand() < self.prob:
            set_color(results, self.changed(results['points'].color).clamp_(0, FULL))
        return results

    def changed(self, color: Tensor) -> Tensor:
        """New colours ``(P, 3)``, which may leave 0 .. 255, of those of the points."""
        raise NotImplementedError

    def __repr__(self) -> str:
        settings = ', '.join(f'{name}={value}' for name, value in vars(self).items())
        return f'{type(self).__name__}({settings})'


@TRANSFORMS.register_module()
class ChromaticAutoContrast(RandomColorChange):
    """Blend the colours with those stretched to the full range of 0 .. 255 per channel.

    ``(1 - b) c + b 255 (c - min) / (max - min)``, b uniform in [0, 1]; a constant channel stays.

    Args:
        prob: Probability of a change.

    Source: arXiv 1904.08755 (Minkowski networks), colour augmentation.
    """

    def __init__(self, prob: float = 0.2) -> None:
        super().__init__(prob)

    def changed(self, color: Tensor) -> Tensor:
        """Stretched colours."""
        blend = np.random.rand()
        low, high = color.amin(0), color.amax(0)
        span = (high - low).clamp_min(1e-6)
        stretched = torch.where(high > low, (color - low) * (FULL / span), color)
        return (1 - blend) * color + blend * stretched


@TRANSFORMS.register_module()
class ChromaticTranslation(RandomColorChange):
    """Add one random colour to all points, clipped to 0 .. 255.

    Args:
        prob: Probability of a change.
        ratio: Largest change of a channel as a share of 255.

    Source: arXiv 1904.08755 (Minkowski networks), colour augmentation.
    """

    def __init__(self, prob: float = 0.95, ratio: float = 0.05) -> None:
        super().__init__(prob)
        self.ratio = check_positive('ratio', ratio)

    def changed(self, color: Tensor) -> Tensor:
        """Shifted colours."""
        change = torch.from_numpy(np.random.uniform(-1, 1, 3) * FULL * self.ratio)
        return color + change.to(color)


@TRANSFORMS.register_module()
class ChromaticJitter(RandomColorChange):
    """Add independent normal noise to the colour of each point, clipped to 0 .. 255.

    Args:
        prob: Probability of a change.
        std: Standard deviation of the noise as a share of 255.

    Source: arXiv 1904.08755 (Minkowski networks), colour augmentation.
    """

    def __init__(self, prob: float = 0.95, std: float = 0.05) -> None:
        super().__init__(prob)
        self.std = check_positive('std', std)

    def changed(self, color: Tensor) -> Tensor:
        """Jittered colours."""
        noise = torch.from_numpy(np.random.randn(*color.shape)).to(color)
        return noise.mul_(FULL * self.std).add_(color)
