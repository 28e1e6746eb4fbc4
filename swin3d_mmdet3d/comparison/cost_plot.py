"""The comparison's outcome as a picture: probe against fine-tuning against cost."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from .method_names import displayed
from .overview import compared, gain_of, median_of
from .paired_gains import ScoreTable

MEASURES = 'encoder probe', 'fine-tuning'


def plot_costs(groups: Sequence[list[dict[str, Any]]], path: Path) -> None:
    """One panel a protocol: median gains over random weights by both measures, coloured by the cost.

    Numbers in the picture are those of the list beside it, which has the time of a step over that of PPKT
    and the number of seeds.

    Args:
        groups: Results of each protocol.
        path: Picture to write.
    """
    from matplotlib.figure import Figure

    from ..visualization.score_charts import save_figure

    rows = max(len(groups), 1)
    figure = Figure(figsize=(10, 6.5 * rows), layout='constrained')
    panels = figure.subplots(rows, 1, squeeze=False)[:, 0]
    for panel, group in zip(panels, groups):
        _draw(figure, panel, group)
    save_figure(path, figure, dpi=120)


class Place(NamedTuple):
    """Where a method lies: median gains in points, and its step over that of PPKT."""

    name: str
    seeds: int
    probe: float
    tuned: float
    ratio: float


def places(results: Sequence[dict[str, Any]]) -> list[Place]:
    """The methods of one protocol that have both measures and a cost, the best probe first."""
    table, found = ScoreTable(results), []
    for name in compared(table):
        probe, tuned = (gain_of(table, name, measure) for measure in MEASURES)
        ratio = median_of(results, name, 'cost', 'ratio')
        if probe and tuned and ratio is not None:
            found.append(Place(displayed(name), len(probe.seeds), probe.median, tuned.median, ratio))
    return found


def _draw(figure: Any, panel: Any, results: list[dict[str, Any]]) -> None:
    found = places(results)
    if found:
        *_, probes, tuned, ratios = zip(*found)
        dots = panel.scatter(probes, tuned, s=260, c=ratios, cmap='cool', norm='log', edgecolors='grey')
        figure.colorbar(dots, ax=panel, location='left', label="step over PPKT's")
    for number, place in enumerate(found, 1):
        panel.annotate(str(number), (place.probe, place.tuned), ha='center', va='center')
    names = [
        f'{number:2}  {place.name}: {place.ratio:.2f}, seeds: {place.seeds}'
        for number, place in enumerate(found, 1)
    ]
    panel.axhline(0, color='grey', linewidth=0.8)
    panel.axvline(0, color='grey', linewidth=0.8)
    panel.set_xlabel(f'gain in miou by the {MEASURES[0]}, points')
    panel.set_ylabel(f'gain in miou by {MEASURES[1]}, points')
    panel.set_title(f'rooms of seed {results[0]["protocol"]["rooms_seed"]}')
    panel.text(1.02, 1.0, '\n'.join(names), transform=panel.transAxes, va='top', family='monospace')
