"""Procedural surface colours: solid paint, wood, tiles, carpet, fabric, book spines, prints."""

from __future__ import annotations

import colorsys
from dataclasses import dataclass
from functools import cache

import numpy as np
from scipy.ndimage import gaussian_filter

NOISE_SIZE = 64
PATTERNS = ('solid', 'wood', 'tiles', 'planks', 'carpet', 'stripes', 'checks', 'spines', 'print')


@dataclass(frozen=True)
class Material:
    """A surface colour that depends on the place on the object.

    Attributes:
        pattern: One of PATTERNS.
        colors: (2, 3) float64 base and accent albedo, each channel 0..1.
        scale: Size of the pattern's period in metres.
        phase: (3,) shift of the pattern in metres, so that no two objects look alike.
        opacity: Share of light pulses that return, 0..1; glass lets most of them through.
        glow: Light the surface gives by itself, added to its shading.
    """

    pattern: str
    colors: np.ndarray
    scale: float
    phase: np.ndarray
    opacity: float = 1.0
    glow: float = 0.0

    def albedo(self, points: np.ndarray, normals: np.ndarray) -> np.ndarray:
        """Colour of surface points.

        Args:
            points: (P, 3) float64 in the object's frame, metres.
            normals: (P, 3) float64 unit normals in the object's frame.

        Returns:
            (P, 3) float64 albedo, 0..1.
        """
        place = points + self.phase
        share = _BLENDS[self.pattern](place, normals, self.scale)
        mottle = 1 + 0.05 * noise(place * 3.0)[:, None]
        if self.pattern in ('spines', 'print'):
            return np.clip(_varied(share, self.colors) * mottle, 0, 1)
        blend = self.colors[0] + share[:, None] * (self.colors[1] - self.colors[0])
        return np.clip(blend * mottle, 0, 1)


def random_color(rng: np.random.Generator) -> np.ndarray:
    """(3,) albedo: mostly greys, whites, browns and beiges, at times a strong colour."""
    style = rng.choice(4, p=[0.3, 0.25, 0.25, 0.2])
    if style == 0:
        return np.clip(rng.uniform(0.1, 0.75) + rng.normal(0, 0.02, 3), 0, 1)
    if style == 1:
        hue, saturation, value = rng.uniform(0.08, 0.14), rng.uniform(0.03, 0.2), rng.uniform(0.7, 1)
    elif style == 2:
        hue, saturation, value = rng.uniform(0.04, 0.1), rng.uniform(0.3, 0.6), rng.uniform(0.25, 0.7)
    else:
        hue, saturation, value = rng.uniform(0, 1), rng.uniform(0.3, 0.8), rng.uniform(0.2, 0.9)
    return np.array(colorsys.hsv_to_rgb(hue, saturation, value))


def random_material(
    rng: np.random.Generator, patterns: tuple[str, ...] = ('solid',), **options: float
) -> Material:
    """A material with a random palette and one of the given patterns; options as in Material."""
    pattern = str(rng.choice(patterns))
    base = random_color(rng)
    accent = random_color(rng) if pattern in ('stripes', 'checks', 'print', 'spines') else None
    if accent is None:
        accent = np.clip(base * rng.uniform(0.6, 0.9), 0, 1)
    scale = {'tiles': 0.3, 'planks': 0.15, 'spines': 0.035, 'print': 0.2}.get(pattern, 0.08)
    return Material(
        pattern,
        np.stack([base, accent]),
        scale * rng.uniform(0.7, 1.6),
        rng.uniform(-20, 20, 3),
        **options,
    )


def wall_paint(
    rng: np.random.Generator, patterns: tuple[str, ...] = ('solid', 'solid', 'stripes', 'tiles')
) -> Material:
    """A material for walls and ceilings: like any other, but light ones are more common."""
    paint = random_material(rng, patterns)
    for _ in range(2):
        if paint.colors[0].mean() > 0.5:
            break
        paint = random_material(rng, patterns)
    return paint


@cache
def _noise_volume() -> np.ndarray:
    """Periodic smooth noise with zero mean and unit deviation, NOISE_SIZE cubed."""
    rng = np.random.default_rng(20230414)
    white = rng.standard_normal((NOISE_SIZE,) * 3)
    volume = sum(
        weight * _standard(gaussian_filter(white, sigma, mode='wrap'))
        for sigma, weight in ((1.5, 0.4), (4.0, 0.8))
    )
    return _standard(volume).astype(np.float32)


def _standard(values: np.ndarray) -> np.ndarray:
    return (values - values.mean()) / values.std()


def noise(place: np.ndarray) -> np.ndarray:
    """(P,) smooth noise at (P, 3) places, about 10 lattice steps per unit."""
    index = np.floor(place * 10).astype(np.int64) % NOISE_SIZE
    return _noise_volume()[index[:, 0], index[:, 1], index[:, 2]]


def hash01(cells: np.ndarray) -> np.ndarray:
    """(P,) pseudo-random numbers in [0, 1) of (P, C) integer cells."""
    mixed = np.zeros(len(cells), dtype=np.uint64)
    for column in np.moveaxis(cells.astype(np.int64).view(np.uint64), 1, 0):
        mixed = (mixed ^ column) * np.uint64(0x9E3779B97F4A7C15)
        mixed ^= mixed >> np.uint64(29)
    return (mixed % np.uint64(1 << 24)).astype(np.float64) / (1 << 24)


def _surface_coordinates(place: np.ndarray, normals: np.ndarray) -> np.ndarray:
    """(P, 2) coordinates in the plane that is closest to the surface."""
    across = np.abs(normals).argmax(axis=1)
    keep = np.array([[1, 2], [0, 2], [0, 1]])[across]
    return np.take_along_axis(place, keep, axis=1)


def _solid(place: np.ndarray, normals: np.ndarray, scale: float) -> np.ndarray:
    return np.zeros(len(place))


def _wood(place: np.ndarray, normals: np.ndarray, scale: float) -> np.ndarray:
    grain = noise(place * [0.4, 3.0, 3.0])
    return 0.5 + 0.5 * np.sin(place[:, 1] / scale * 6 + place[:, 2] / scale * 6 + 2.5 * grain)


def _tiles(place: np.ndarray, normals: np.ndarray, scale: float) -> np.ndarray:
    plane = _surface_coordinates(place, normals) / scale
    grout = (np.abs(plane - np.floor(plane) - 0.5) > 0.46).any(axis=1)
    return np.where(grout, 1.0, 0.25 * hash01(np.floor(plane)))


def _planks(place: np.ndarray, normals: np.ndarray, scale: float) -> np.ndarray:
    plane = _surface_coordinates(place, normals) / scale
    row = np.floor(plane[:, 0])
    cell = np.stack([row, np.floor(plane[:, 1] / 7 + 0.37 * row)], axis=1)
    return np.clip(0.7 * hash01(cell) + 0.15 * noise(place * [3, 0.5, 3]) + 0.15, 0, 1)


def _carpet(place: np.ndarray, normals: np.ndarray, scale: float) -> np.ndarray:
    return hash01(np.floor(place / 0.004))


def _stripes(place: np.ndarray, normals: np.ndarray, scale: float) -> np.ndarray:
    plane = _surface_coordinates(place, normals)
    return (np.floor(plane[:, 0] / scale) % 2).astype(np.float64)


def _checks(place: np.ndarray, normals: np.ndarray, scale: float) -> np.ndarray:
    plane = np.floor(_surface_coordinates(place, normals) / scale)
    return 0.5 * (plane % 2).sum(axis=1)


def _spines(place: np.ndarray, normals: np.ndarray, scale: float) -> np.ndarray:
    return hash01(np.floor(place[:, [0, 2]] / [scale, 0.3]))


def _print(place: np.ndarray, normals: np.ndarray, scale: float) -> np.ndarray:
    return np.clip(0.5 + 0.3 * noise(place / scale * 0.2), 0, 0.999)


def _varied(share: np.ndarray, colors: np.ndarray) -> np.ndarray:
    """Turn numbers in [0, 1) into many colours around the palette's two."""
    steps = np.floor(share * 12)
    tint = np.stack([hash01(np.stack([steps, np.full_like(steps, k)], 1)) for k in range(3)], 1)
    base = np.where((steps % 2 == 0)[:, None], colors[0], colors[1])
    return 0.45 * base + 0.55 * tint


_BLENDS = {
    'solid': _solid,
    'wood': _wood,
    'tiles': _tiles,
    'planks': _planks,
    'carpet': _carpet,
    'stripes': _stripes,
    'checks': _checks,
    'spines': _spines,
    'print': _print,
}
