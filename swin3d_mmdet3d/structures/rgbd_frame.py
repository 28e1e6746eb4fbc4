"""A posed RGB-D frame and the points of a cloud that its pixels show."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np


def _no_pixels() -> np.ndarray:
    return np.zeros((0, 2), dtype=np.float32)


def _no_ids() -> np.ndarray:
    return np.zeros(0, dtype=np.int64)


@dataclass
class RGBDFrame:
    """One frame of a scene.

    Transforms that move pixels (resize, crop, flip) change ``image``, ``pixels`` and ``per_pixel`` together;
    ``depth`` and ``intrinsic`` stay those of the recorded frame, from which the pixels were found.

    Attributes:
        name: What messages call the frame.
        image: ``(height, width, 3)`` uint8, RGB.
        depth: ``(height, width)`` float32 metres along the optical axis, 0 where nothing was measured.
        pose: ``(4, 4)`` camera-to-world matrix, metres; x right, y down, z forward.
        intrinsic: ``(4, 4)`` intrinsic matrix in pixels of ``depth``; the first pixel's centre is (0, 0).
        pixels: ``(M, 2)`` float32 places (u, v) in ``image`` that show a known point.
        point_ids: ``(M,)`` int64 ids of those points.
        per_match: Further fields of these matches, name -> ``(M, ...)``.
        per_image: Further fields of the frame, name -> an array, which no transform of images changes.
        per_pixel: Fields of the pixels of ``image``, name -> ``(height, width)``, 0 where nothing is known.
    """

    name: str
    image: np.ndarray
    depth: np.ndarray
    pose: np.ndarray
    intrinsic: np.ndarray
    pixels: np.ndarray = field(default_factory=_no_pixels)
    point_ids: np.ndarray = field(default_factory=_no_ids)
    per_match: dict[str, np.ndarray] = field(default_factory=dict)
    per_image: dict[str, np.ndarray] = field(default_factory=dict)
    per_pixel: dict[str, np.ndarray] = field(default_factory=dict)

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of the image in pixels."""
        return self.image.shape[1], self.image.shape[0]

    def set_matches(self, pixels: np.ndarray, point_ids: np.ndarray) -> None:
        """Set the pixels ``(M, 2)`` and the ids ``(M,)`` of the points they show, without further fields.

        Raises:
            ValueError: If their lengths differ, or the image was moved since its pixels fitted the depth.
        """
        if len(pixels) != len(point_ids):
            raise ValueError(
                f'{self.name}: pixels must be one per id, got {len(pixels)} for {len(point_ids)}'
            )
        if self.image.shape[:2] != self.depth.shape:
            raise ValueError(
                f'{self.name}: pixels must be matched before the image is resized or cropped, got an image '
                f'of {self.image.shape[:2]} and a depth of {self.depth.shape}'
            )
        self.pixels = np.asarray(pixels, dtype=np.float32)
        self.point_ids = np.asarray(point_ids, dtype=np.int64)
        self.per_match = {}

    def keep_matches(self, rows: np.ndarray) -> None:
        """Keep rows of the matches: ``(K,)`` int64, or ``(M,)`` bool."""
        self.pixels, self.point_ids = self.pixels[rows], self.point_ids[rows]
        self.per_match = {name: values[rows] for name, values in self.per_match.items()}

    def keep_pixels_inside(self) -> None:
        """Drop the pixels that lie outside the image."""
        width, height = self.size
        inside = ((self.pixels > -0.5) & (self.pixels < [width - 0.5, height - 0.5])).all(axis=1)
        self.keep_matches(inside)
