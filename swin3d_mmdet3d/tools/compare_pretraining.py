"""Compares pretraining methods on generated rooms: `python -m swin3d_mmdet3d.tools.compare_pretraining ppkt`.

Each method is pretrained without the held-out area and then measured: fine-tuning on two labelled rooms,
linear probes of decoder and encoder on ten, detection on a few, spread of its features, cost of its steps;
before it the baselines. Measures whose results are in the folder are not taken again: a comparison goes on
where it was stopped.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from mmengine.logging import MMLogger

import swin3d_mmdet3d  # noqa: F401  registers the package's classes
from swin3d_mmdet3d.comparison import (
    BASELINES,
    SEGMENTATION,
    Measurement,
    Protocol,
    SeedResults,
    load_arms,
    read_results,
    run_arm,
    write_results,
    write_tables,
)

NICENESS = 10


def parse_arguments(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """Parses the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        'methods',
        nargs='*',
        metavar='METHOD',
        help='folders of configs/pretraining, such as ppkt; configs; or a file arms.py with arms of its own. '
        f'All but the last come with the baselines {", ".join(BASELINES)}',
    )
    parser.add_argument('--out', default='docs/comparison', help='folder of results, table and plot')
    parser.add_argument('--work-dir', default='work_dirs/comparison', help='folder of rooms and trainings')
    parser.add_argument('--seeds', type=int, nargs='+', default=[0, 1, 2, 3, 4])
    parser.add_argument('--rooms-seed', type=int, default=Protocol.rooms_seed, help='seed of the rooms')
    parser.add_argument('--rooms', type=int, default=Protocol.rooms, help='rooms, a sixth of them held out')
    parser.add_argument('--points', type=int, default=Protocol.points, help='points of a room')
    parser.add_argument('--no-nice', action='store_true', help='do not give way to other programs')
    return parser.parse_args(arguments)


def measures_of(
    method: str, protocol: Protocol, seed: int, rooms: Path, folder: Path
) -> dict[str, Callable[[], dict[str, Any]]]:
    """The measures of a method, or the arms of a file of arms, each a function that gives its numbers."""
    if Path(method).name == 'arms.py':
        return {arm.name: lambda arm=arm: run_arm(arm, rooms, folder, seed) for arm in load_arms(method)}
    return Measurement(protocol, method, seed, rooms, folder).measures()


def with_baselines(methods: Sequence[str]) -> list[str]:
    """The methods, behind the baselines where one of them is compared with those."""
    if methods and all(Path(method).name == 'arms.py' for method in methods):
        return list(methods)
    return list(dict.fromkeys([*BASELINES, *methods]))


def name_of(method: str) -> str:
    """The name under which results are kept: of a file of arms that of its folder."""
    path = Path(method)
    return f'{path.resolve().parent.name}-arms' if path.name == 'arms.py' else path.stem


def warn_of_budget(results: SeedResults, protocol: Protocol) -> None:
    """Tell when a seed took more CPU time than all methods have."""
    taken = [results.content['measures'].get(name, {}) for name in ('pretraining', *SEGMENTATION)]
    minutes = sum(numbers.get('cpu_seconds', 0) for numbers in taken) / 60
    if minutes > protocol.budget:
        MMLogger.get_instance('comparison').warning(
            f'{results.path.stem}: {minutes:.1f} CPU minutes, the budget is {protocol.budget:g}'
        )


def main(arguments: Sequence[str] | None = None) -> int:
    """Takes the measures that are not there yet and writes the tables after each method and seed."""
    args = parse_arguments(arguments)
    if not args.no_nice:
        os.nice(NICENESS)
    out, work = Path(args.out), Path(args.work_dir)
    protocol = Protocol(rooms_seed=args.rooms_seed, rooms=args.rooms, points=args.points)
    logger = MMLogger.get_instance('comparison')
    rooms = protocol.make_rooms(work)
    for seed in args.seeds:
        for method in with_baselines(args.methods):
            results = SeedResults(out / 'results', name_of(method), seed, protocol)
            folder = work / f'rooms{protocol.rooms_seed}_seed{seed}' / name_of(method)
            for measure, take in measures_of(method, protocol, seed, rooms, folder).items():
                if measure in results:
                    continue
                numbers = take()
                results.add(measure, numbers)
                logger.info(f'{name_of(method)}, seed {seed}: {measure} {numbers}')
            warn_of_budget(results, protocol)
            everything = read_results(out / 'results')
            write_results(out / 'results.json', everything)
            write_tables(everything, out)
    sys.stdout.write((out / 'table.md').read_text())
    return 0


if __name__ == '__main__':
    sys.exit(main())
