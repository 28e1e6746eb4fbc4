"""The comparison at a glance: what every method gains over random weights and what it costs, a row each."""

from __future__ import annotations

import re
import statistics
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ..atomic_write import atomic_write
from .markdown_rows import head, row
from .method_names import displayed, method_and_arm
from .paired_gains import RAW, SCORES, SCRATCH, START, PairedGain, ScoreTable

SEEDS = 5
"""Of an arm that stands beside the methods; one with fewer is in the table of its gains alone."""
MEASURES = [measure for measure in SCORES if measure != 'image start']
_PLACE = re.compile(r'(<!-- overview -->\n).*?(<!-- end of the overview -->)', re.DOTALL)


def overview(results: Sequence[dict[str, Any]]) -> str:
    """One table of one protocol, the best encoder first; nothing where no method gains or loses anything.

    A gain is the median over the seeds, with how many of them are above 0: over random weights, of an image
    probe over the network that the method started from.

    Args:
        results: Contents of the files of results, of one protocol.
    """
    table = ScoreTable(results)
    names = compared(table)
    named = [measure.capitalize() for measure in MEASURES]
    lines = head('Method', *named, "Step over PPKT's", 'CPU min', 'Encoder rank')
    for name in names:
        gains = [gain_of(table, name, measure) for measure in MEASURES]
        cells = [f'{gain.median:+.1f} ({gain.signs[0]}/{len(gain.seeds)})' if gain else '' for gain in gains]
        others = [
            median_cell(results, name, 'cost', 'ratio', '.2f'),
            median_cell(results, name, 'pretraining', 'cpu_seconds', '.1f', 1 / 60),
            median_cell(results, name, 'spread', 'encoder_rank', '.1f'),
        ]
        lines.append(row(displayed(name), *cells, *others))
    return '\n'.join(lines) + '\n' if names else ''


def compared(table: ScoreTable) -> list[str]:
    """Names of methods with a gain, and of arms with five seeds of one: the best encoder's probe first."""

    def seeds(name: str) -> int:
        gains = [gain_of(table, name, measure) for measure in MEASURES]
        return max(len(gain.seeds) if gain else 0 for gain in gains)

    names = [
        name
        for name in table.names
        if name not in (SCRATCH, RAW) and seeds(name) >= (SEEDS if method_and_arm(name)[1] else 1)
    ]

    def place(name: str) -> tuple[bool, float]:
        gain = gain_of(table, name, 'encoder probe')
        return (gain is None, 0.0 if gain is None else -gain.median)

    return sorted(names, key=place)


def gain_of(table: ScoreTable, name: str, measure: str) -> PairedGain | None:
    """What a method gains: by an image probe over its start, else over random weights."""
    return table.gain(name, measure, START if measure == 'image probe' else SCRATCH)


def median_of(results: Sequence[dict[str, Any]], name: str, measure: str, key: str) -> float | None:
    """Median over the seeds of a number that is no score; None where no seed has it."""
    own = [content['measures'] for content in results if content['method'] == name]
    values = [measures[measure][key] for measures in own if measures.get(measure, {}).get(key) is not None]
    return statistics.median(values) if values else None


def median_cell(
    results: Sequence[dict[str, Any]], name: str, measure: str, key: str, form: str, scale: float = 1.0
) -> str:
    """A cell of :func:`median_of`, scaled; empty where no seed has it."""
    value = median_of(results, name, measure, key)
    return '' if value is None else format(value * scale, form)


def renew_overview(page: Path, text: str) -> None:
    """Put the table into a page, between the comments ``overview`` and ``end of the overview``."""
    old = page.read_text()
    new = _PLACE.sub(lambda found: f'{found[1]}{text}{found[2]}', old)
    if new != old:
        with atomic_write(page) as part:
            part.write_text(new)
