"""The comparison's outcome as markdown tables and a CSV."""

from __future__ import annotations

import csv
import json
import statistics
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from ..atomic_write import atomic_write
from .cost_plot import plot_costs
from .gain_plot import plot
from .markdown_rows import head, row
from .method_names import SHUFFLED, arm_name, displayed, method_and_arm
from .overview import median_cell, overview, renew_overview
from .paired_gains import ORIGIN, RAW, SCORES, SCRATCH, PairedGain, ScoreTable, ordered_names

Results = list[dict[str, Any]]


def by_protocol(results: Results) -> list[Results]:
    """The results of each protocol, whose numbers are not comparable with those of others."""
    groups: dict[str, Results] = {}
    for content in results:
        groups.setdefault(json.dumps(content['protocol'], sort_keys=True), []).append(content)
    return list(groups.values())


def markdown(results: Results) -> str:
    """For each protocol the overview, scores of every seed, gains with their statistics, and costs."""
    return '\n'.join(_of_protocol(group) for group in by_protocol(results))


def _of_protocol(results: Results) -> str:
    protocol, table = results[0]['protocol'], ScoreTable(results)
    lines = [
        f'Rooms of seed {protocol["rooms_seed"]}, {protocol["rooms"]} of {protocol["points"]:,} points, '
        f'recipe {protocol["rooms_recipe"]}.',
        '',
        *overview(results).splitlines(),
        '',
        *head('Method', 'Measure', 'Seeds', 'Score of each seed', 'Mean'),
    ]
    measured = [(name, measure) for name in table.names for measure in SCORES if table.seeds(name, measure)]
    lines += [_score_row(table, *row) for row in measured]
    lines += ['', *head('Method', 'Measure', 'Over', 'Seeds', *_STATISTICS, 'Differs in')]
    lines += [_gain_row(*row, gain) for row in measured for gain in table.gains(*row)]
    lines += [
        '',
        *head('Method', 'Steps', 'CPU min', "Step over PPKT's", 'Peak MiB', 'Spread', 'Encoder rank'),
    ]
    lines += [_cost_row(name, results) for name in ordered_names(content['method'] for content in results)]
    return '\n'.join(lines) + '\n'


_STATISTICS = ('Gain of each seed', 'Median', 'Mean', 'SD', 't', '+ / -')


def _score_row(table: ScoreTable, name: str, measure: str) -> str:
    """The scores of one method and measure, a number a seed, and their mean."""
    scores = {seed: score.value for seed, score in table.seeds(name, measure).items()}
    mean = statistics.fmean(scores.values())
    return row(displayed(name), measure, _listed(scores), _listed(scores.values(), '.1f'), f'{mean:.1f}')


def _gain_row(name: str, measure: str, gain: PairedGain) -> str:
    """The gains of one method and measure over another method, with their statistics."""
    return row(
        displayed(name),
        measure,
        displayed(gain.over),
        _listed(gain.seeds),
        _listed(gain.gains, '+.1f'),
        f'{gain.median:+.1f}',
        f'{gain.mean:+.1f}',
        '' if gain.deviation is None else f'{gain.deviation:.1f}',
        '' if gain.t is None else f'{gain.t:.1f}',
        '{} / {}'.format(*gain.signs),
        ', '.join(gain.differs),
    )


def _listed(values: Iterable[float], form: str = '') -> str:
    return ' '.join(format(value, form) for value in values)


def _cost_row(name: str, results: Results) -> str:
    """Medians over the seeds of steps, minutes, cost, memory, spread and rank of a method."""
    return row(
        displayed(name),
        median_cell(results, name, 'pretraining', 'steps', '.0f'),
        median_cell(results, name, 'pretraining', 'cpu_seconds', '.1f', 1 / 60),
        median_cell(results, name, 'cost', 'ratio', '.2f'),
        median_cell(results, name, 'cost', 'peak_mib', '.0f'),
        median_cell(results, name, 'spread', 'spread', '.2f'),
        median_cell(results, name, 'spread', 'encoder_rank', '.1f'),
    )


def csv_rows(results: Results) -> list[dict[str, Any]]:
    """A row for each score, with its gains over random weights, raw inputs and the shuffled control."""
    rows = []
    for group in by_protocol(results):
        table = ScoreTable(group)
        for name in table.names:
            for measure in SCORES:
                rows += [
                    dict(rooms_seed=group[0]['protocol']['rooms_seed'], **row)
                    for row in _csv_rows(table, name, measure)
                ]
    return rows


def _csv_rows(table: ScoreTable, name: str, measure: str) -> list[dict[str, Any]]:
    method, arm = method_and_arm(name)
    over = {}
    for key, other in dict(scratch=SCRATCH, raw=RAW, shuffled=arm_name(method, SHUFFLED)).items():
        gain = None if other == name else table.gain(name, measure, other)
        over[f'over_{key}'] = {} if gain is None else dict(zip(gain.seeds, gain.gains))
    return [
        dict(method=method, arm=arm, measure=measure, seed=seed, score=score.value)
        | {key: gains.get(seed) for key, gains in over.items()}
        | score.origin
        for seed, score in table.seeds(name, measure).items()
    ]


def write_tables(results: Results, folder: Path) -> None:
    """Write ``table.md``, ``table.csv``, ``plot.png`` and ``costs.png``.

    A page ``README.md`` of the folder that has a place for it gets the overview of the first protocol.
    """
    with atomic_write(folder / 'table.md') as part:
        part.write_text(markdown(results))
    columns = ('rooms_seed', 'method', 'arm', 'measure', 'seed', 'score')
    with atomic_write(folder / 'table.csv') as part, open(part, 'w', newline='') as file:
        writer = csv.DictWriter(file, [*columns, 'over_scratch', 'over_raw', 'over_shuffled', *ORIGIN])
        writer.writeheader()
        writer.writerows(csv_rows(results))
    groups = by_protocol(results)
    plot(groups, folder / 'plot.png')
    plot_costs(groups, folder / 'costs.png')
    if groups and (folder / 'README.md').is_file():
        renew_overview(folder / 'README.md', overview(groups[0]))
