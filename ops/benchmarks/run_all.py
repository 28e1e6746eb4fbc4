"""Measures the CPU side of the ops and writes all tables with the machine's description.

    python ops/benchmarks/run_all.py [--tables NAME ...] [--out results.md]

One thread, CPU seconds (user + system), medians, ratios within one run; baselines that take long are timed
once. About 20 minutes on a quiet machine.
"""

from __future__ import annotations

import argparse
import logging
import os
import sys
import time
from pathlib import Path

os.environ.setdefault('OMP_NUM_THREADS', '1')

import torch  # noqa: E402

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import attention_tables  # noqa: E402
import convolution_tables  # noqa: E402
import feed_forward_tables  # noqa: E402
import level_tables  # noqa: E402
from rooms import scan_cloud  # noqa: E402
from timing import describe_machine  # noqa: E402

logger = logging.getLogger('benchmark')


def attention() -> None:
    """Log the four workloads and the arithmetic rate of the same run."""
    attention_tables.arithmetic_rate(attention_tables.four_workloads())


TABLES = {
    'attention': attention,
    'memory': attention_tables.memory,
    'growth': attention_tables.growth,
    'threads': attention_tables.threads,
    'neighbours': level_tables.neighbours,
    'windows': level_tables.window_index,
    'resampling': level_tables.resampling,
    'convolution': convolution_tables.convolution,
    'feed_forward': feed_forward_tables.feed_forward,
    'stages': attention_tables.stages,
}


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument('--tables', nargs='+', choices=TABLES, default=list(TABLES), metavar='NAME')
    parser.add_argument('--out', type=Path, help='also write the tables to this file')
    options = parser.parse_args()
    if os.environ.get('OMP_PROC_BIND'):
        parser.error('unset OMP_PROC_BIND: cases inherit the core that this process would be bound to')
    logging.basicConfig(level=logging.INFO, format='%(message)s', stream=sys.stdout)
    if options.out:
        logger.addHandler(logging.FileHandler(options.out, mode='w'))
    torch.set_num_threads(1)
    logger.info('Machine: %s. Scan: %s.', describe_machine(), scan_cloud().name)
    for number, name in enumerate(options.tables, 1):
        start = time.perf_counter()
        TABLES[name]()
        spent = time.perf_counter() - start
        sys.stderr.write(f'[{number}/{len(options.tables)}] {name}: {spent:.0f} s\n')


if __name__ == '__main__':
    main()
