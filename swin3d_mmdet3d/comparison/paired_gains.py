"""What methods gain over others: differences of scores that have the seed in common, and their statistics."""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

from .method_names import method_and_arm

SCORES = {
    'fine-tuning': 'miou',
    'decoder probe': 'miou',
    'encoder probe': 'miou',
    'detection': 'mAP_0.25',
    'image probe': 'miou',
    'image start': 'miou',
}
"""The metric of each measure that is a score, in percent."""
SCRATCH = 'scratch'
RAW = 'raw'
START = 'its start'
"""The image network of the same method before its pretraining, with which its probe is compared."""
ORIGIN = ('commit', 'generator', 'torch', 'machine')
"""What is kept with a number of the code that gave it."""


class Score(NamedTuple):
    """A score in percent, and the code and machine that gave it."""

    value: float
    origin: dict[str, str]


@dataclass(frozen=True)
class PairedGain:
    """Differences between the scores of two methods, paired by seed.

    Attributes:
        over: Name of the method that is subtracted.
        seeds: The S seeds that both have, ascending.
        gains: S differences in points.
        differs: What of :data:`ORIGIN` is not the same for all scores that enter.
    """

    over: str
    seeds: tuple[int, ...]
    gains: tuple[float, ...]
    differs: tuple[str, ...] = ()

    @property
    def median(self) -> float:
        """Median gain."""
        return statistics.median(self.gains)

    @property
    def mean(self) -> float:
        """Mean gain."""
        return statistics.fmean(self.gains)

    @property
    def deviation(self) -> float | None:
        """Standard deviation of the gains of a seed, (S - 1) in the denominator; None of a single one."""
        return statistics.stdev(self.gains) if len(self.gains) > 1 else None

    @property
    def t(self) -> float | None:
        """Student's t of the paired test, mean / (deviation / sqrt(S)); None where gains do not differ."""
        return self.mean / (self.deviation / math.sqrt(len(self.gains))) if self.deviation else None

    @property
    def signs(self) -> tuple[int, int]:
        """Number of seeds with a gain above 0, and with one below."""
        return sum(gain > 0 for gain in self.gains), sum(gain < 0 for gain in self.gains)


class ScoreTable:
    """The scores of all methods, measures and seeds of one protocol.

    Args:
        results: Contents of the files of results.
    """

    def __init__(self, results: Iterable[dict[str, Any]]) -> None:
        self._scores: dict[tuple[str, str], dict[int, Score]] = {}
        for content in results:
            for measure, metric in SCORES.items():
                numbers = content['measures'].get(measure, {})
                if metric in numbers.get('metrics', {}):
                    origin = {part: numbers.get(part, '') for part in ORIGIN}
                    of_seeds = self._scores.setdefault((content['method'], measure), {})
                    of_seeds[content['seed']] = Score(numbers['metrics'][metric], origin)

    @property
    def names(self) -> list[str]:
        """The methods' names in the order of tables: random weights first, arms behind their method."""
        return ordered_names(name for name, _ in self._scores)

    def seeds(self, name: str, measure: str) -> dict[int, Score]:
        """The scores of a method and measure by seed, ascending; empty where there are none."""
        return dict(sorted(self._scores.get((name, measure), {}).items()))

    def gain(self, name: str, measure: str, over: str) -> PairedGain | None:
        """What a method gains over another one; None where they have no seed in common.

        The raw inputs have one linear probe, with which the probes of decoder and encoder are compared; the
        probe of an image network is compared with that of the start of the same method.
        """
        probed = over == RAW and measure == 'encoder probe'
        own, other = self.seeds(name, measure), self.seeds(over, 'decoder probe' if probed else measure)
        if over == START:
            other = self.seeds(name, 'image start') if measure == 'image probe' else {}
        common = tuple(seed for seed in own if seed in other)
        if not common:
            return None
        # rounded far below the hundredths of scores, so that equal gains are equal
        gains = tuple(round(own[seed].value - other[seed].value, 6) for seed in common)
        return PairedGain(over, common, gains, differing([t[s].origin for s in common for t in (own, other)]))

    def gains(self, name: str, measure: str) -> Iterator[PairedGain]:
        """What a method gains over random weights, raw inputs, its start and each of its own arms."""
        arms = [other for other in self.names if method_and_arm(other)[0] == name and other != name]
        for over in (SCRATCH, RAW, START, *arms):
            found = None if over == name else self.gain(name, measure, over)
            if found is not None:
                yield found


def ordered_names(names: Iterable[str]) -> list[str]:
    """Names of methods, random weights first, arms behind their method."""
    return sorted(set(names), key=lambda name: (name != SCRATCH, *method_and_arm(name)))


def differing(origins: list[dict[str, str]]) -> tuple[str, ...]:
    """What of :data:`ORIGIN` numbers have not in common; code with changes (``+``) is like no other."""
    parts = [part for part in ORIGIN if len({origin[part] for origin in origins}) > 1]
    if 'commit' not in parts and any(origin['commit'].endswith('+') for origin in origins):
        parts.insert(0, 'commit')
    return tuple(parts)
