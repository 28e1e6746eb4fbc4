"""Compares pretraining methods on generated rooms: `python -m swin3d_mmdet3d.tools.compare_pretraining ppkt`.

Each method is pretrained without the held-out area and then measured: fine-tuning on two labelled rooms,
linear probes of decoder and encoder on ten, detection on a few, spread of its features, cost of its steps;
before it the baselines; with `--arms` behind it its arms, such as the control on shuffled correspondences.
Measures whose results are in the folder are not taken again: a comparison goes on where it was stopped.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from mmengine.logging import MMLogger

from ..help_only import HELP_ONLY
from .mistakes import run_tool

if not HELP_ONLY:
    from swin3d_mmdet3d.apis import find_config
    from swin3d_mmdet3d.comparison import (
        BASELINES,
        SEGMENTATION,
        SHUFFLED,
        Measurement,
        Protocol,
        SeedResults,
        arms_of,
        load_arms,
        method_and_arm,
        read_results,
        results_name,
        run_arm,
        write_results,
        write_tables,
    )
    from swin3d_mmdet3d.comparison.method_names import recipe_of

NICENESS = 10


def parse_arguments(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """Parses the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        'methods',
        nargs='*',
        metavar='METHOD',
        help='folders of configs/pretraining, such as ppkt; configs; or a file arms.py with arms of its own. '
        'All but the last come with the baselines, a network from scratch, raw inputs and one pretrained by '
        'labels; without a METHOD the baselines alone',
    )
    parser.add_argument(
        '--arms',
        action='store_true',
        help='with all arms of the methods: the further leaves of their folders, '
        'such as <method>_swin3d-tiny_rooms_shuffled.py',
    )
    parser.add_argument(
        '--out',
        default='docs/comparison',
        help='folder of results, table and plot; measures whose results are there are not taken '
        '(default docs/comparison)',
    )
    parser.add_argument(
        '--work-dir',
        default='work_dirs/comparison',
        help='folder of rooms and trainings (default work_dirs/comparison)',
    )
    parser.add_argument(
        '--seeds', type=int, nargs='+', default=[0, 1, 2, 3, 4], help='seeds (default 0 1 2 3 4)'
    )
    parser.add_argument('--rooms-seed', type=int, help='seed of the rooms (default 11)')
    parser.add_argument('--rooms', type=int, help='rooms, a sixth of them held out (default 60)')
    parser.add_argument('--points', type=int, help='points of a room (default 30000)')
    parser.add_argument(
        '--no-nice', action='store_true', help='do not give way to other programs (default niceness 10)'
    )
    return parser.parse_args(arguments)


def measures_of(
    method: str, protocol: Protocol, seed: int, rooms: Path, folder: Path
) -> dict[str, Callable[[], dict[str, Any]]]:
    """The measures of a method, or the arms of a file of arms, each a function that gives its numbers."""
    if Path(method).name == 'arms.py':
        return {arm.name: lambda arm=arm: run_arm(arm, rooms, folder, seed) for arm in load_arms(method)}
    return Measurement(protocol, method, seed, rooms, folder).measures()


def with_baselines(methods: Sequence[str], protocol: Protocol, arms: bool = False) -> dict[str, str]:
    """The methods by their names, behind the baselines where one of them is compared with those.

    Args:
        methods: Methods of the command line.
        protocol: Names their recipes.
        arms: Whether each method is followed by its arms.

    Raises:
        ValueError: If a method whose arms are asked for has no recipe.
    """
    own_protocols = [method for method in methods if Path(method).name == 'arms.py']
    chosen = [] if methods and len(own_protocols) == len(methods) else list(BASELINES)
    for method in methods:
        chosen.append(method)
        if arms and method not in (*own_protocols, *BASELINES):
            chosen += arms_of(method, protocol)
    return {results_name(method): method for method in chosen}


def is_measured(name: str, seed: int, protocol: Protocol) -> bool:
    """Whether a method is measured for a seed: a shuffled control only for some."""
    return method_and_arm(name)[1] != SHUFFLED or seed in protocol.control_seeds


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
    given = {name: getattr(args, name) for name in ('rooms_seed', 'rooms', 'points')}
    protocol = Protocol(**{name: value for name, value in given.items() if value is not None})
    logger = MMLogger.get_instance('comparison')
    for method in args.methods:
        if Path(method).name != 'arms.py' and method not in BASELINES:
            find_config(recipe_of(method, protocol))  # before rooms and baselines take their time
    methods = with_baselines(args.methods, protocol, args.arms)
    rooms = protocol.make_rooms(work)
    for seed in args.seeds:
        for name, method in methods.items():
            if not is_measured(name, seed, protocol):
                continue
            results = SeedResults(out / 'results', name, seed, protocol)
            folder = work / f'rooms{protocol.rooms_seed}_seed{seed}' / name
            for measure, take in measures_of(method, protocol, seed, rooms, folder).items():
                if measure in results:
                    continue
                numbers = take()
                results.add(measure, numbers)
                logger.info(f'{name}, seed {seed}: {measure} {numbers}')
            warn_of_budget(results, protocol)
            everything = read_results(out / 'results')
            write_results(out / 'results.json', everything)
            write_tables(everything, out)
    sys.stdout.write((out / 'table.md').read_text())
    return 0


if __name__ == '__main__':
    sys.exit(run_tool(main))
