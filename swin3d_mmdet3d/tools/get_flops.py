"""Operations and parameters of a sparse network: `python -m swin3d_mmdet3d.tools.get_flops CONFIG`.

How much a sparse network computes depends on the scan: the tool runs one forward pass on a generated room of
boxes, or on `--scan FILE`, and counts what is computed there, a multiplication and an addition as two.
Norms, activations, the search for neighbours and the second stage of a detector are not counted.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from mmengine.logging import MMLogger

from ..help_only import HELP_ONLY
from .benchmark import boxes_room, model_points, scan_points
from .command_line import CommandLine
from .mistakes import run_tool

if not HELP_ONLY:
    from mmdet3d.registry import MODELS
    from mmengine.registry import init_default_scope

    from ..apis.config_files import read_config_file
    from ..evaluation.network_cost import cost_table, network_cost


def parse_arguments(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = CommandLine(description='Count the operations and parameters of a sparse network.')
    parser.add_argument('config', help='config of the model, by path or name')
    parser.add_argument('--points', type=int, default=100_000, help='points of the room, or of the scan')
    parser.add_argument('--scan', help='scan file instead of a generated room')
    parser.add_argument(
        '--voxel-size', type=float, help='edge of a voxel in metres instead of that of the config'
    )
    parser.add_argument('--depth', type=int, default=2, help='levels of modules in the table')
    return parser.parse_args(arguments)


def main(arguments: Sequence[str] | None = None) -> int:
    """Count and log the table."""
    args = parse_arguments(arguments)
    config = read_config_file(args.config)
    if args.voxel_size is not None:
        config.model.data_preprocessor.voxel_size = args.voxel_size
    init_default_scope('mmdet3d')
    points = scan_points(args.scan, args.points) if args.scan else boxes_room(args.points)
    model = MODELS.build(config.model)
    cost = network_cost(model, model_points(model, points))
    logger = MMLogger.get_instance('swin3d_mmdet3d')
    logger.info(f'{args.config}, {cost.voxels} voxels\n{cost_table(cost, args.depth)}')
    return 0


if __name__ == '__main__':
    sys.exit(run_tool(main))
