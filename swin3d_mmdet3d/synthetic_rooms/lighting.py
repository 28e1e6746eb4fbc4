"""Light in a room: what a surface colour looks like under lamps, exposure and white balance."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .ray_caster import RayCaster


@dataclass(frozen=True)
class Lighting:
    """The light of one scene.

    Attributes:
        lamps: (L, 3) places in metres.
        power: (L,) brightness of each lamp.
        ambient: Light from everywhere.
        balance: (3,) exposure times white balance.
    """

    lamps: np.ndarray
    power: np.ndarray
    ambient: float
    balance: np.ndarray

    def shade(
        self, rays: RayCaster, points: np.ndarray, normals: np.ndarray, shadows: bool = True
    ) -> np.ndarray:
        """(P,) brightness of surface points (P, 3) whose normals (P, 3) face the viewer."""
        light = np.full(len(points), self.ambient) + 0.08 * normals[:, 2]
        for lamp, power in zip(self.lamps, self.power):
            way = lamp - points
            distance = np.linalg.norm(way, axis=1)
            cosine = np.einsum('ij,ij->i', way, normals) / np.maximum(distance, 1e-6)
            gain = power * np.clip(cosine, 0, 1) / (1 + 0.35 * distance**2)
            if shadows:
                raised = points + 0.006 * normals
                gain = gain * np.where(rays.sees(lamp, raised), 1.0, 0.25)
            light = light + gain
        return light


STRONG_LIGHT = 0.2  # share of the scenes with a lamp near whose light washes out


def random_lighting(rng: np.random.Generator, lamps: np.ndarray, spread: float) -> Lighting:
    """Light with random brightness, exposure and white balance around lamps (L, 3)."""
    power = rng.uniform(0.5, 1.1, len(lamps)) * (1.4 if len(lamps) == 1 else 1.0)
    ambient = rng.uniform(0.45, 0.65)
    if rng.random() < STRONG_LIGHT:
        power, ambient = power * rng.uniform(1.5, 2.5), ambient * 0.6
    warm = rng.normal(0, spread)
    balance = np.array([1 + warm, 1.0, 1 - warm]) * np.exp(rng.normal(0, spread))
    return Lighting(lamps, power, ambient, balance)
