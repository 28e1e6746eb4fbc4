"""The comparison's outcome as a markdown table, a CSV and a plot."""

from __future__ import annotations

import csv
import math
import statistics
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

from ..atomic_write import atomic_write

SCORES = {'fine-tuning': 'miou', 'decoder probe': 'miou', 'encoder probe': 'miou', 'detection': 'mAP_0.25'}
"""The metric of each measure that is a score, in percent."""
REFERENCE = 'scratch'


class Gain(NamedTuple):
    """A score of one method, measure and seed, and what it is above random weights."""

    method: str
    measure: str
    seed: int
    score: float
    gain: float | None


def gains(results: Iterable[dict[str, Any]]) -> list[Gain]:
    """Every score, and its difference to that of random weights of the same seed where that is there."""
    scores = {
        (content['method'], measure, content['seed']): content['measures'][measure]['metrics'][metric]
        for content in results
        for measure, metric in SCORES.items()
        if metric in content['measures'].get(measure, {}).get('metrics', {})
    }
    rows = []
    for (method, measure, seed), score in scores.items():
        base = scores.get((REFERENCE, measure, seed))
        rows.append(Gain(method, measure, seed, score, None if base is None else score - base))
    return rows


def paired(differences: list[float]) -> str:
    """Median, mean and t of paired differences: ``+2.5 (mean +2.5, t 4.3)``; t needs two that differ."""
    median, mean = statistics.median(differences), statistics.fmean(differences)
    if len(differences) < 2 or len(set(differences)) < 2:
        return f'{median:+.1f} (mean {mean:+.1f})'
    t = mean / (statistics.stdev(differences) / math.sqrt(len(differences)))
    return f'{median:+.1f} (mean {mean:+.1f}, t {t:.1f})'


def markdown(results: list[dict[str, Any]]) -> str:
    """Two tables: scores of every seed with gains over random weights, and costs."""
    rows = gains(results)
    lines = _head('Method', 'Measure', 'Score of each seed', 'Gain of each seed', 'Median gain')
    for method in ordered_methods(results):
        for measure in SCORES:
            own = [row for row in rows if (row.method, row.measure) == (method, measure)]
            if own:
                own.sort(key=lambda row: row.seed)
                lines.append(_score_row(method, measure, own))
    lines += ['', *_head('Method', 'Steps', 'CPU min', "Step over PPKT's", 'Peak MiB', 'Spread')]
    lines += [_cost_row(method, results) for method in ordered_methods(results)]
    return '\n'.join(lines) + '\n'


def _head(*names: str) -> list[str]:
    return [f'| {" | ".join(names)} |', '|' + '---|' * len(names)]


def _score_row(method: str, measure: str, own: list[Gain]) -> str:
    """Scores and gains of one method and measure, a number a seed."""
    scores = ' '.join(f'{row.score:.1f}' for row in own)
    differences = [row.gain for row in own if row.gain is not None and method != REFERENCE]
    each = ' '.join(f'{value:+.1f}' for value in differences)
    return f'| {method} | {measure} | {scores} | {each} | {paired(differences) if differences else ""} |'


def ordered_methods(results: list[dict[str, Any]]) -> list[str]:
    """The methods by name, random weights first."""
    return sorted({content['method'] for content in results}, key=lambda name: (name != REFERENCE, name))


def _cost_row(method: str, results: list[dict[str, Any]]) -> str:
    """Medians over the seeds of steps, minutes, cost, memory and spread of a method."""
    own = [content['measures'] for content in results if content['method'] == method]

    def median(measure: str, key: str, form: str, scale: float = 1.0) -> str:
        values = [m[measure][key] for m in own if m.get(measure, {}).get(key) is not None]
        return format(statistics.median(values) * scale, form) if values else ''

    cells = [
        median('pretraining', 'steps', '.0f'),
        median('pretraining', 'cpu_seconds', '.1f', 1 / 60),
        median('cost', 'ratio', '.2f'),
        median('cost', 'peak_mib', '.0f'),
        median('spread', 'spread', '.2f'),
    ]
    return f'| {method} | {" | ".join(cells)} |'


def write_tables(results: list[dict[str, Any]], folder: Path) -> None:
    """Write ``table.md``, ``table.csv`` and ``plot.png``."""
    with atomic_write(folder / 'table.md') as part:
        part.write_text(markdown(results))
    with atomic_write(folder / 'table.csv') as part, open(part, 'w', newline='') as file:
        writer = csv.writer(file)
        writer.writerow(Gain._fields)
        writer.writerows(gains(results))
    plot(results, folder / 'plot.png')


def plot(results: list[dict[str, Any]], path: Path) -> None:
    """One panel a measure: each method's gain of every seed as a dot, their median as a line."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    rows = [row for row in gains(results) if row.gain is not None and row.method != REFERENCE]
    methods = [method for method in ordered_methods(results) if method != REFERENCE]
    figure = Figure(figsize=(3.2 * len(SCORES), 1.2 + 0.35 * max(len(methods), 1)), layout='constrained')
    panels = figure.subplots(1, len(SCORES), sharey=True)
    for panel, (measure, metric) in zip(panels, SCORES.items()):
        for place, method in enumerate(methods):
            values = [row.gain for row in rows if (row.method, row.measure) == (method, measure)]
            panel.plot(values, [place] * len(values), 'o', color='tab:blue', alpha=0.6)
            if values:
                panel.plot([statistics.median(values)] * 2, [place - 0.3, place + 0.3], color='black')
        panel.axvline(0, color='grey', linewidth=0.8)
        panel.set_title(measure)
        panel.set_xlabel(f'gain in {metric}, points')
    panels[0].set_yticks(range(len(methods)), methods)
    FigureCanvasAgg(figure)
    with atomic_write(path) as part:
        figure.savefig(part, format='png', dpi=120)
