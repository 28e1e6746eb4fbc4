"""Checks of transform arguments, so that a wrong one is told when the pipeline is built."""

from __future__ import annotations

import math
import sys
from collections.abc import Sequence


def check_probability(name: str, value: float) -> float:
    """Return a probability; raise ValueError unless it lies in [0, 1]."""
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value <= 1:
        raise ValueError(f'{name} must be a probability in [0, 1], got {value!r}')
    return float(value)


def check_positive(name: str, value: float) -> float:
    """Return a number; raise ValueError unless it is finite and above zero."""
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 < value <= sys.float_info.max:
        raise ValueError(f'{name} must be a positive number, got {value!r}')
    return value


def check_count(name: str, value: int) -> int:
    """Return a count; raise ValueError unless it is an integer of at least one."""
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise ValueError(f'{name} must be an integer of at least 1, got {value!r}')
    return value


def check_choice(name: str, value: str, choices: Sequence[str]) -> str:
    """Return a name; raise ValueError unless it is one of the choices."""
    if value not in choices:
        raise ValueError(f'{name} must be one of {", ".join(map(repr, choices))}, got {value!r}')
    return value


def check_range(name: str, value: Sequence[float]) -> tuple[float, float]:
    """Return a range; raise ValueError unless it is two finite numbers in ascending order."""
    if (
        not isinstance(value, (list, tuple))
        or len(value) != 2
        or not all(isinstance(bound, (int, float)) and math.isfinite(bound) for bound in value)
        or value[0] > value[1]
    ):
        raise ValueError(f'{name} must be two finite numbers, the lower first, got {value!r}')
    return float(value[0]), float(value[1])
