"""The three sensors: where they stand, how far apart their points lie, what they make of surface and colour.

The constants follow the devices and formats of the data sets and were written down before any room was
made of them; docs/generated_rooms.md has the source of each.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Viewpoints:
    """Where a sensor looks from.

    Attributes:
        count: Fewest and most places.
        eye_height: Lowest and highest place above the floor, metres.
        elevation: Lowest and highest angle of view above the horizon, radians; of the middle of the view
            where `field` is less than a whole turn.
        field: Width and height of the view in radians; a whole turn of a scanner is (2 pi, pi).
        max_range: Farthest point seen, metres.
        min_cosine: Grazing limit: smallest cosine between ray and normal.
    """

    count: tuple[int, int]
    eye_height: tuple[float, float]
    elevation: tuple[float, float]
    field: tuple[float, float]
    max_range: float
    min_cosine: float


@dataclass(frozen=True)
class ColorResponse:
    """What a sensor makes of the light that comes in.

    Attributes:
        balance: (3,) mean white balance.
        contrast: Factor on the distance from middle grey.
        gamma: Exponent on values of 0..1; below 1 lightens.
        saturation: Factor on the distance from grey.
        spread: Deviation of a scene's exposure and white balance, in logarithms.
        noise: Deviation of a point's colour, of 255.
        blotches: Strength of smooth errors, 0..1.
        blur: Whether a colour is the mean of the surroundings within `SurfaceResponse.radius`.
    """

    balance: tuple[float, float, float]
    contrast: float
    gamma: float
    saturation: float
    spread: float
    noise: float
    blotches: float
    blur: bool

    def respond(self, light: np.ndarray) -> np.ndarray:
        """(..., 3) values 0..1 of (..., 3) light after exposure; not clipped above."""
        light = light * self.balance
        grey = light.mean(axis=-1, keepdims=True)
        light = np.maximum(grey + self.saturation * (light - grey), 0) ** self.gamma
        return np.maximum(0.45 + self.contrast * (light - 0.45), 0)


@dataclass(frozen=True)
class SurfaceResponse:
    """What a sensor makes of the surface around a point.

    Attributes:
        kind: 'exact' keeps places and normals; 'fused' takes means over the surroundings, as the fusion
            of depth images does; 'pca' keeps places and fits normals to the surroundings.
        radius: Of the surroundings, metres.
        samples: Points in the surroundings.
        noise: Deviation of a point along the ray, metres.
        wobble: Deviation of smooth errors along the normal, metres.
    """

    kind: str
    radius: float = 0.0
    samples: int = 0
    noise: float = 0.0
    wobble: float = 0.0


@dataclass(frozen=True)
class Sensor:
    """One kind of sensor.

    Attributes:
        views: Where it looks from.
        surface: What it makes of surfaces.
        color: What it makes of light.
        spacing: Distance of neighbouring points on a surface, metres; 0 for one panorama of rays.
        panorama: Rays of the panorama up and around; (0, 0) for points by spacing.
        depth_noise: Depth error of frames in metres at 1 m; grows with depth squared.
        depth_holes: Share of a frame without depth, 0..1.
    """

    views: Viewpoints
    surface: SurfaceResponse
    color: ColorResponse
    spacing: float
    panorama: tuple[int, int] = (0, 0)
    depth_noise: float = 0.0
    depth_holes: float = 0.0


WHOLE_TURN = (2 * np.pi, np.pi)

SENSORS = {
    's3dis': Sensor(
        Viewpoints((4, 7), (1.4, 1.7), (-1.4, 1.4), WHOLE_TURN, 12.0, 0.05),
        SurfaceResponse('pca', radius=0.0226, samples=16, noise=0.004),
        ColorResponse((1.08, 1.0, 0.82), 0.7, 1.0, 0.9, 0.08, 4, 0.06, True),
        spacing=0.01,
        depth_noise=0.003,
        depth_holes=0.04,
    ),
    'scannet': Sensor(
        Viewpoints((40, 70), (1.1, 1.7), (-0.65, -0.05), (1.01, 0.79), 4.0, 0.15),
        SurfaceResponse('fused', radius=0.0225, samples=12, wobble=0.005),
        ColorResponse((1.06, 1.0, 0.86), 1.0, 1.0, 1.0, 0.14, 6, 0.16, True),
        spacing=0.02,
        depth_noise=0.006,
        depth_holes=0.12,
    ),
    'structured3d': Sensor(
        Viewpoints((1, 1), (1.4, 1.7), (-1.58, 1.58), WHOLE_TURN, 20.0, 0.0),
        SurfaceResponse('exact'),
        ColorResponse((1.0, 1.0, 1.0), 1.1, 0.85, 1.1, 0.05, 0, 0.0, False),
        spacing=0.0,
        panorama=(512, 1024),
    ),
}
