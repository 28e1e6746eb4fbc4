"""Curves of trainings: `python -m swin3d_mmdet3d.tools.analyze_logs WORK_DIR... --out curves.png`.

Reads what mmengine's loggers write, `<time>/vis_data/scalars.json` of a work folder; parts of a training that
was resumed follow each other. Each quantity is a chart, each work folder a curve; the table says how it
ended and how long a step took.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import NamedTuple

from mmengine.logging import MMLogger
from terminaltables import AsciiTable

from ..help_only import HELP_ONLY
from .command_line import CommandLine
from .mistakes import run_tool

if not HELP_ONLY:
    from ..visualization.score_charts import write_curve_chart

DEFAULT_KEYS = ('loss', 'lr', 'miou', 'mAP_0.25', 'mAP_0.50')
NO_QUANTITIES = ('step', 'iter', 'epoch')
TIMES = ('time', 'data_time')
"""Of a step of the training; records of scores, which have no 'iter', give those of the validation."""


class Curve(NamedTuple):
    """One quantity of a training: its steps, ascending, and its values there."""

    steps: list[float]
    values: list[float]


def log_files(folder: str) -> list[Path]:
    """The log files of a work folder in the order of their writing, or the file itself.

    Raises:
        ValueError: Naming the folder, when there is none.
    """
    path = Path(folder)
    if path.is_file():
        return [path]
    # mmengine writes training lines and scores into one file of the run's name, and scalars.json beside it
    found = sorted(path.glob('*/vis_data/scalars.json')) or sorted(path.glob('*/vis_data/*.json'))
    if path.name == 'vis_data':
        found = sorted(path.glob('scalars.json'))
    if not found:
        raise ValueError(f'{folder}: no log of a training: expected <time>/vis_data/scalars.json in it')
    return [it for it in found if it.name != 'config.json']


def read_curves(files: Sequence[Path]) -> dict[str, Curve]:
    """The curves of one training by quantity.

    A step that several files have, as after a resumed training, counts as the last one says.

    Raises:
        ValueError: Naming file and line, where a line is no record.
    """
    found: dict[str, dict[float, float]] = {}
    for file in files:
        for number, line in enumerate(file.read_text().splitlines(), 1):
            if not line.strip():
                continue
            try:
                record = dict(json.loads(line))
            except (ValueError, TypeError) as error:
                raise ValueError(f'{file}, line {number}: no record of a log: {error}') from error
            step = record.get('step', record.get('iter'))
            left_out = NO_QUANTITIES if 'iter' in record else (*NO_QUANTITIES, *TIMES)
            for key, value in record.items():
                is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
                if key not in left_out and is_number and step is not None:
                    found.setdefault(key, {})[step] = float(value)
    return {key: Curve(*map(list, zip(*sorted(points.items())))) for key, points in found.items()}


def chosen_keys(keys: Sequence[str] | None, runs: dict[str, dict[str, Curve]]) -> list[str]:
    """The quantities wanted; by default those of `DEFAULT_KEYS` that there are.

    Raises:
        ValueError: Naming a quantity that no training has, with those that there are.
    """
    there = sorted({key for curves in runs.values() for key in curves})
    missing = [key for key in keys or () if key not in there]
    if missing:
        raise ValueError(f'--keys: no log has {", ".join(missing)}; there are {", ".join(there)}')
    return list(keys) if keys else [key for key in DEFAULT_KEYS if key in there] or there


def summary_table(runs: dict[str, dict[str, Curve]], keys: Sequence[str]) -> str:
    """A row for each training: steps, seconds a step, and of each quantity the last and the best value."""
    rows = [['training', 'steps', 's / step', *(f'{key}: last (least .. most)' for key in keys)]]
    for name, curves in runs.items():
        steps = max((curve.steps[-1] for curve in curves.values()), default=0)
        pace = f'{median(curves["time"].values):.3g}' if 'time' in curves else '-'
        cells = []
        for key in keys:
            values = curves[key].values if key in curves else None
            told = values and f'{values[-1]:.4g} ({min(values):.4g} .. {max(values):.4g})'
            cells.append(told or '-')
        rows.append([name, f'{steps:g}', pace, *cells])
    return AsciiTable(rows).table


def parse_arguments(arguments: list[str] | None = None) -> argparse.Namespace:
    """Parse the command line."""
    parser = CommandLine(description='Draw the curves of trainings from their logs.')
    parser.add_argument('logs', nargs='+', metavar='WORK_DIR', help='work folders, or log files (.json)')
    parser.add_argument('--out', default='curves.png', help='the picture (default: curves.png)')
    parser.add_argument('--keys', nargs='+', help='quantities to draw; default: loss, lr and scores')
    args = parser.parse_args(arguments)
    if Path(args.out).suffix.lower() != '.png':
        parser.error(f'--out: expected a file ending in .png, got {args.out}')
    return args


def main(arguments: list[str] | None = None) -> int:
    """Draw the curves and log the table."""
    args = parse_arguments(arguments)
    runs = {log: read_curves(log_files(log)) for log in args.logs}
    keys = chosen_keys(args.keys, runs)
    curves = {key: {name: own[key] for name, own in runs.items() if key in own} for key in keys}
    write_curve_chart(args.out, curves)
    MMLogger.get_current_instance().info(f'wrote {args.out}\n{summary_table(runs, keys)}')
    return 0


if __name__ == '__main__':
    sys.exit(run_tool(main))
