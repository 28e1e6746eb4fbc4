"""Normals as real files have them: at times noisy, missing in places, or missing altogether."""

from __future__ import annotations

import numpy as np

from .textures import noise

SHARES = {'kept': 0.8, 'noisy': 0.1, 'in places': 0.07, 'missing': 0.03}
"""How common each fault is among the rooms to train on; held-out rooms keep their normals."""
NOISE = 0.25  # deviation of each component before the length is made 1 again: about 14 degrees
LOST = 0.15  # share of the points without a normal where they are missing in places


def with_faults(rng: np.random.Generator, normals: np.ndarray, points: np.ndarray) -> np.ndarray:
    """(P, 3) unit or zero normals: those given, with a fault as common as SHARES has it.

    Args:
        rng: Source of all choices.
        normals: (P, 3) unit.
        points: (P, 3) metres.
    """
    fault = str(rng.choice(list(SHARES), p=list(SHARES.values())))
    if fault == 'noisy':
        shaken = normals + rng.standard_normal(normals.shape) * NOISE
        return shaken / np.linalg.norm(shaken, axis=1, keepdims=True)
    if fault == 'in places':
        level = noise((points + rng.uniform(-20, 20, 3)) * 0.7)
        return np.where((level < np.quantile(level, 1 - LOST))[:, None], normals, 0.0)
    return np.zeros_like(normals) if fault == 'missing' else normals
