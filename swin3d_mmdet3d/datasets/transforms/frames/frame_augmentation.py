"""Augmentation of a sample's images; the pixels that show points move along."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np
from mmcv.transforms import BaseTransform
from mmdet3d.registry import TRANSFORMS

from ....structures.rgbd_frame import RGBDFrame
from ..argument_checks import check_count, check_probability, check_range


class FrameTransform(BaseTransform):
    """Changes each of the sample's ``frames`` by itself."""

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        """Change the frames in place."""
        for frame in results['frames']:
            self.change(frame)
        return results

    def change(self, frame: RGBDFrame) -> None:
        """Change one frame's image and pixels."""
        raise NotImplementedError


@TRANSFORMS.register_module()
class ResizeFrames(FrameTransform):
    """Resize images to a width and height, times a random factor.

    Args:
        size: Width and height in pixels; by default those of the image.
        ratio_range: Range of the factor.
    """

    def __init__(self, size: Sequence[int] | None = None, ratio_range: Sequence[float] = (1.0, 1.0)) -> None:
        self.size = None if size is None else _check_size(size)
        self.ratio_range = check_range('ratio_range', ratio_range)
        if self.ratio_range[0] <= 0:
            raise ValueError(f'ratio_range must be positive, got {ratio_range}')

    def change(self, frame: RGBDFrame) -> None:
        """Resize; the corner of the first pixel, (-0.5, -0.5), stays."""
        ratio = np.random.uniform(*self.ratio_range)
        old = frame.size
        new = tuple(max(1, round(edge * ratio)) for edge in (self.size or old))
        if new == old:
            return
        shrinks = new[0] < old[0]
        frame.image = cv2.resize(
            frame.image, new, interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
        )
        frame.per_pixel = {
            name: cv2.resize(values, new, interpolation=cv2.INTER_NEAREST_EXACT)
            for name, values in frame.per_pixel.items()
        }
        factor = np.array(new, dtype=np.float32) / np.array(old, dtype=np.float32)
        frame.pixels = (frame.pixels + np.float32(0.5)) * factor - np.float32(0.5)


@TRANSFORMS.register_module()
class CropFrames(FrameTransform):
    """Crop images to one size at a random place that keeps enough pixels with a point.

    A smaller image is filled up with its mean colour at the right and below, fields of its pixels with 0.

    Args:
        size: Width and height in pixels.
        min_kept: Least share of the matched pixels that a crop should keep.
        attempts: Places to try; the one that keeps most is taken where none keeps enough.

    Source: valeoai/SLidR keeps at least 75 % or 1024 of the pairs.
    """

    def __init__(self, size: Sequence[int], min_kept: float = 0.5, attempts: int = 10) -> None:
        self.size = _check_size(size)
        self.min_kept = check_probability('min_kept', min_kept)
        self.attempts = check_count('attempts', attempts)

    def change(self, frame: RGBDFrame) -> None:
        """Crop, and drop the pixels that fall outside."""
        width, height = self.size
        spare = np.maximum(np.subtract(frame.size, self.size), 0)
        corners = np.random.randint(0, spare + 1, (self.attempts, 2))
        left, top = self._first_that_keeps_enough(frame.pixels, corners)
        window = slice(top, top + height), slice(left, left + width)
        mean = frame.image.mean(axis=(0, 1)).round().astype(np.uint8)
        image = _filled_up(frame.image[window], (height, width, 3), mean)
        frame.per_pixel = {
            name: _filled_up(values[window], (height, width), values.dtype.type(0))
            for name, values in frame.per_pixel.items()
        }
        frame.image, frame.pixels = image, frame.pixels - np.array([left, top], dtype=np.float32)
        frame.keep_pixels_inside()

    def _first_that_keeps_enough(self, pixels: np.ndarray, corners: np.ndarray) -> np.ndarray:
        """The first corner that keeps enough of the pixels, or the one that keeps most."""
        kept = []
        for corner in corners:
            kept.append(self._share_inside(pixels - corner))
            if kept[-1] >= self.min_kept:
                return corner
        return corners[int(np.argmax(kept))]

    def _share_inside(self, pixels: np.ndarray) -> float:
        if len(pixels) == 0:
            return 1.0
        return float(((pixels > -0.5) & (pixels < np.array(self.size) - 0.5)).all(axis=1).mean())


@TRANSFORMS.register_module()
class FlipFrames(FrameTransform):
    """Mirror images left to right; the cloud stays, since a pixel shows its point wherever it lies.

    Args:
        prob: Probability of a flip.
    """

    def __init__(self, prob: float = 0.5) -> None:
        self.prob = check_probability('prob', prob)

    def change(self, frame: RGBDFrame) -> None:
        """Flip."""
        if np.random.rand() < self.prob:
            frame.image = np.ascontiguousarray(frame.image[:, ::-1])
            frame.per_pixel = {
                name: np.ascontiguousarray(values[:, ::-1]) for name, values in frame.per_pixel.items()
            }
            mirrored = frame.image.shape[1] - 1 - frame.pixels[:, 0]
            frame.pixels = np.stack([mirrored, frame.pixels[:, 1]], axis=1).astype(np.float32)


@TRANSFORMS.register_module()
class JitterFrameColors(FrameTransform):
    """Scale brightness, contrast and saturation of images by random factors.

    Args:
        strength: Each factor is drawn from [1 - strength, 1 + strength].
        prob: Probability of a change.
    """

    def __init__(self, strength: float = 0.2, prob: float = 0.8) -> None:
        self.strength = check_probability('strength', strength)
        self.prob = check_probability('prob', prob)

    def change(self, frame: RGBDFrame) -> None:
        """Change the colours; the pixels stay."""
        if np.random.rand() >= self.prob:
            return
        image = frame.image.astype(np.float32)
        brightness, contrast, saturation = np.random.uniform(1 - self.strength, 1 + self.strength, 3)
        image *= brightness
        image = image.mean() + (image - image.mean()) * contrast
        grey = image.mean(axis=2, keepdims=True)
        image = grey + (image - grey) * saturation
        frame.image = np.clip(image.round(), 0, 255).astype(np.uint8)


@TRANSFORMS.register_module()
class CopyFrames(BaseTransform):
    """Take each frame several times, so that what follows changes each copy in its own way.

    Args:
        copies: How often each frame is there afterwards.
    """

    def __init__(self, copies: int = 2) -> None:
        self.copies = check_count('copies', copies)

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        """Replace ``frames``; the copies of a frame stand side by side."""
        results['frames'] = [copy.deepcopy(frame) for frame in results['frames'] for _ in range(self.copies)]
        return results


def _filled_up(piece: np.ndarray, shape: Sequence[int], fill: np.ndarray) -> np.ndarray:
    """An array of this shape with the piece in its first corner."""
    whole = np.full(shape, fill)
    whole[: piece.shape[0], : piece.shape[1]] = piece
    return whole


def _check_size(size: Sequence[int]) -> tuple[int, int]:
    if not isinstance(size, (list, tuple)) or len(size) != 2:
        raise ValueError(f'size must be a width and a height in pixels, got {size!r}')
    return check_count('width', size[0]), check_count('height', size[1])
