"""Checks a benchmark submission before it is uploaded: `python -m swin3d_mmdet3d.tools.check_submission ZIP`.

Every scan of the split must be there, with a legal id for each of its vertices.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence

from mmengine.logging import MMLogger

from ..help_only import HELP_ONLY
from .mistakes import run_tool

if not HELP_ONLY:
    from ..datasets import S3DIS, SCANNET, SCANNET200, STRUCTURED3D
    from ..datasets.layout.infos import read_info_file, scene_name
    from ..datasets.layout.scenes import FLOAT32_BYTES, count_rows
    from ..evaluation import check_submission

BENCHMARKS = ('scannet', 'scannet200', 's3dis', 'structured3d')


def parse_arguments(arguments: list[str] | None = None) -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(description='Check a submission to a benchmark such as ScanNet.')
    parser.add_argument('submission', metavar='ZIP', help='the file to upload')
    parser.add_argument('--benchmark', choices=BENCHMARKS, default='scannet')
    parser.add_argument('--data-root', default='data/scannet', help='folder of the data set')
    parser.add_argument(
        '--infos', nargs='+', default=['scannet_infos_test.pkl'], help='info files of the split'
    )
    return parser.parse_args(arguments)


def split_vertices(data_root: str, info_files: Sequence[str]) -> dict[str, int]:
    """The number of vertices of each scan of a split, from the sizes of its point files.

    Raises:
        ValueError: Naming the file, when the info file or a point file is missing or broken.
    """
    vertices = {}
    for info_file in info_files:
        for info in read_info_file(os.path.join(data_root, info_file))['data_list']:
            points = info['lidar_points']
            file = os.path.join(data_root, 'points', points['lidar_path'])
            row_bytes = FLOAT32_BYTES * points.get('num_pts_feats', 6)
            vertices[scene_name(info)] = count_rows(file, row_bytes, scene_name(info))
    return vertices


def main(arguments: list[str] | None = None) -> int:
    """Log what is wrong with the submission; 0 when nothing is, else 1."""
    args = parse_arguments(arguments)
    classes = dict(zip(BENCHMARKS, (SCANNET, SCANNET200, S3DIS, STRUCTURED3D)))
    logger = MMLogger.get_current_instance()
    try:
        vertices = split_vertices(args.data_root, args.infos)
        problems = check_submission(args.submission, vertices, classes[args.benchmark].raw_ids)
    except ValueError as error:
        logger.error(str(error))
        return 1
    for problem in problems:
        logger.error(f'{args.submission}: {problem}')
    if not problems:
        logger.info(f'{args.submission}: {len(vertices)} scans, {sum(vertices.values())} vertices, all legal')
    return 1 if problems else 0


if __name__ == '__main__':
    sys.exit(run_tool(main))
