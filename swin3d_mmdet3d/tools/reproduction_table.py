"""Published scores beside reached ones: `python -m swin3d_mmdet3d.tools.reproduction_table [WORK_DIR...]`.

Each row is a config of a metafile with the score to reach and its source; the last column holds the best that
the work folders reached, from `test_result*.json` or, for a run that was not tested, from its validations.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from mmengine.logging import MMLogger
from terminaltables import AsciiTable

from ..help_only import HELP_ONLY
from .mistakes import run_tool

if not HELP_ONLY:
    from ..apis.config_files import config_folders
    from ..evaluation import RunScores
    from ..evaluation.reproduction import (
        ExpectedScore,
        reached_score,
        read_expected_scores,
        read_work_folder,
    )


def parse_arguments(arguments: list[str] | None = None) -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(description='Print published scores beside those of work folders.')
    parser.add_argument('work_dirs', nargs='*', metavar='WORK_DIR', help='folders of runs, searched through')
    return parser.parse_args(arguments)


def all_expected_scores() -> list[ExpectedScore]:
    """The rows of every metafile of this package, in the order of their folders."""
    metafiles = sorted(config_folders()[0].glob('*/metafile.yml'))
    return [row for metafile in metafiles for row in read_expected_scores(metafile)]


def reproduction_table(expected: Sequence[ExpectedScore], results: Sequence[RunScores]) -> str:
    """The table: a row for each expected score, '-' where nothing is published or reached."""
    rows = [['config', 'data set', 'metric', 'to reach', 'source', 'reached']]
    for row in expected:
        reached = reached_score(row, results)
        rows.append(
            [
                Path(row.config).stem,
                row.dataset,
                row.metric,
                '-' if row.percent is None else f'{row.percent:.2f}',
                row.source,
                '-' if reached is None else f'{reached:.2f}',
            ]
        )
    return AsciiTable(rows).table


def main(arguments: list[str] | None = None) -> int:
    """Log the table; 0, or 1 when a work folder does not exist or a result file is broken."""
    args = parse_arguments(arguments)
    logger = MMLogger.get_current_instance()
    try:
        results = [result for folder in args.work_dirs for result in read_work_folder(folder)]
    except ValueError as error:
        logger.error(str(error))
        return 1
    logger.info(f'\n{reproduction_table(all_expected_scores(), results)}')
    return 0


if __name__ == '__main__':
    sys.exit(run_tool(main))
