"""The random numbers of Python, numpy and PyTorch as a function of a few integers."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch


def seed_generators(*key: int) -> None:
    """Seed the global generators of Python, numpy and PyTorch, those of all devices too.

    Args:
        key: Integers from 0 on; any other key gives independent numbers, but for zeros at its end.
    """
    python, legacy, pytorch = _seeds(key)
    random.seed(python)
    np.random.seed(legacy)
    torch.manual_seed(pytorch)


@contextmanager
def seeded_generators(*key: int) -> Iterator[None]:
    """Within it the global generators of the CPU are seeded by `key`; behind it they are as before.

    Args:
        key: As for :func:`seed_generators`.
    """
    states = random.getstate(), np.random.get_state(), torch.default_generator.get_state()
    python, legacy, pytorch = _seeds(key)
    random.seed(python)
    np.random.seed(legacy)
    torch.default_generator.manual_seed(pytorch)
    try:
        yield
    finally:
        random.setstate(states[0])
        np.random.set_state(states[1])
        torch.default_generator.set_state(states[2])


def _seeds(key: tuple[int, ...]) -> tuple[int, np.ndarray, int]:
    """Seeds of the three, mixed from all integers of the key."""
    words = np.random.SeedSequence(key).generate_state(6)
    # PyTorch's Mersenne Twister reads 32 bits of its seed
    return int(words[0]), words[1:5], int(words[5])
