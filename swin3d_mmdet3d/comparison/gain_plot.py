"""The comparison's outcome as a picture: what each method gains over random weights."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from .method_names import displayed
from .paired_gains import SCORES, SCRATCH, ScoreTable, ordered_names

MEASURES = [measure for measure in SCORES if not measure.startswith('image')]
"""What random weights are measured by, too."""


def plot(groups: Sequence[list[dict[str, Any]]], path: Path) -> None:
    """One row a protocol, one panel a measure: the gain of every seed as a dot, their mean as a line.

    Args:
        groups: Results of each protocol.
        path: Picture to write.
    """
    from matplotlib.figure import Figure

    from ..visualization.score_charts import save_figure

    names = [
        [name for name in ordered_names(content['method'] for content in group) if name != SCRATCH]
        for group in groups
    ]
    heights = [1.2 + 0.35 * max(len(of_group), 1) for of_group in names]
    figure = Figure(figsize=(3.2 * len(MEASURES), sum(heights) or 1), layout='constrained')
    panels = figure.subplots(
        max(len(groups), 1), len(MEASURES), sharey='row', squeeze=False, height_ratios=heights or None
    )
    for row, group, of_group in zip(panels, groups, names):
        table, seed = ScoreTable(group), group[0]['protocol']['rooms_seed']
        for panel, measure in zip(row, MEASURES):
            _draw(panel, table, measure, of_group)
        row[0].set_yticks(range(len(of_group)), [displayed(name) for name in of_group])
        row[0].set_ylabel(f'rooms of seed {seed}')
    save_figure(path, figure, dpi=120)


def _draw(panel: Any, table: ScoreTable, measure: str, names: Sequence[str]) -> None:
    """Draw the gains of one measure, a line of dots a method."""
    for place, name in enumerate(names):
        gain = table.gain(name, measure, SCRATCH)
        if gain is not None:
            panel.plot(gain.gains, [place] * len(gain.gains), 'o', color='tab:blue', alpha=0.6)
            panel.plot([gain.mean] * 2, [place - 0.3, place + 0.3], color='black')
    panel.axvline(0, color='grey', linewidth=0.8)
    panel.set_title(measure)
    panel.set_xlabel(f'gain in {SCORES[measure]}, points')
