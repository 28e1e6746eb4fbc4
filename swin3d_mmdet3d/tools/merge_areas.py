"""The six-fold scores of S3DIS: `python -m swin3d_mmdet3d.tools.merge_areas RESULT...`.

Each RESULT is a `test_result.json` or `test_result_votes.json` that `tools.test` wrote for another area.
"""

from __future__ import annotations

import argparse
import sys

from mmengine.logging import MMLogger

from ..help_only import HELP_ONLY
from .mistakes import run_tool

if not HELP_ONLY:
    from ..evaluation import RunScores, merge_areas, scores_table


def parse_arguments(arguments: list[str] | None = None) -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(
        description='Merge the tests of several areas by their confusion matrices.'
    )
    parser.add_argument('results', nargs='+', metavar='RESULT', help='result files of tests')
    return parser.parse_args(arguments)


def main(arguments: list[str] | None = None) -> int:
    """Log the scores of all areas together; 0 when the results belong together, else 1."""
    args = parse_arguments(arguments)
    logger = MMLogger.get_current_instance()
    try:
        results = [RunScores.read(path) for path in args.results]
        _, scores = merge_areas(results)
    except ValueError as error:
        logger.error(str(error))
        return 1
    areas = ', '.join(name for result in results for name in result.info_files)
    logger.info(f'{areas}\n{scores_table(scores, results[0].classes)}')
    logger.info(f'mIoU {scores.mean_iou:.4f}, mAcc {scores.mean_accuracy:.4f}, OA {scores.accuracy:.4f}')
    return 0


if __name__ == '__main__':
    sys.exit(run_tool(main))
