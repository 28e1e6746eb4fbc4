"""Families of shapes: furniture in sizes that no other family has, as of CAD libraries, offices, homes."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from itertools import permutations

import numpy as np

WIDENING = 0.2  # of a range of sizes, added at either end before the families share it
HELD_OUT_SHARE = 0.25  # of a family's part of a range, which training rooms never draw from
_ORDERS = tuple(permutations(range(3)))


@dataclass(frozen=True)
class ShapeFamily:
    """What the furniture of a domain has in common.

    Attributes:
        number: 0, 1 or 2: which part of every range of sizes it has.
        chairs: Shares of chairs on four legs, on casters and of one shell.
        softness: How round cushions are: factor on their squareness (see shapes.cushion).
        clutter: Most further things on a table, cabinet or counter.
    """

    number: int
    chairs: tuple[float, float, float]
    softness: float
    clutter: int


FAMILIES = {
    'cad': ShapeFamily(0, (0.3, 0.15, 0.55), 0.4, 1),
    'office': ShapeFamily(1, (0.25, 0.6, 0.15), 0.9, 3),
    'home': ShapeFamily(2, (0.65, 0.1, 0.25), 1.6, 5),
}


class ShapeGenerator(np.random.Generator):
    """numpy's generator that also draws sizes of one family.

    Every range of sizes, widened at both ends, is cut in three; which third is whose depends on the range,
    so that no family is the large one. The outer or inner quarter of a third is for held-out rooms alone.

    Args:
        seed: Entropy of numpy's SeedSequence.
        family: Name in FAMILIES.
        held_out: Whether sizes are those of held-out rooms.
    """

    def __init__(self, seed: int | list[int], family: str, held_out: bool = False) -> None:
        super().__init__(np.random.PCG64(seed))
        self.family = FAMILIES[family]
        self.held_out = held_out

    def size(self, low: float, high: float, count: int | None = None) -> float | np.ndarray:
        """One size, or `count` of them, of the range [low, high] as the family has it."""
        start, end = self.part(low, high)
        return self.uniform(start, end, count)

    def part(self, low: float, high: float) -> tuple[float, float]:
        """The part of a range from which the sizes are drawn."""
        key = zlib.crc32(f'{low:.6g} {high:.6g}'.encode())
        third = _ORDERS[key % 6][self.family.number]
        if key // 6 % 2:
            start, end = (HELD_OUT_SHARE, 1.0) if not self.held_out else (0.0, HELD_OUT_SHARE)
        else:
            start, end = (0.0, 1 - HELD_OUT_SHARE) if not self.held_out else (1 - HELD_OUT_SHARE, 1.0)
        width = (1 + 2 * WIDENING) * (high - low)
        first = low - WIDENING * (high - low)
        return first + width * (third + start) / 3, first + width * (third + end) / 3

    def soft(self, squareness: float) -> float:
        """The squareness of a cushion as the family has it."""
        return min(squareness * self.family.softness, 1.0)
