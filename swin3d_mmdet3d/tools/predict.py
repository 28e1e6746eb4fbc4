"""Labels scans, or finds boxes in them.

`python -m swin3d_mmdet3d.tools.predict SCAN... --checkpoint X --config Y --out DIR`: the model of the config
decides which.
"""

from __future__ import annotations

import argparse
import dataclasses
import sys
from collections import Counter
from pathlib import Path

import numpy as np
from mmengine.logging import MMLogger

import swin3d_mmdet3d  # noqa: F401  registers the package's classes

from ..apis import (
    BoxInferencer,
    Swin3DInferencer,
    make_inferencer,
    match_labels,
    read_scan,
    write_boxed_scan,
    write_labelled_scan,
)
from ..apis.labelled_scan_files import POINT_FORMATS
from ..atomic_write import sweep_parts
from ..evaluation import confusion_matrix, scores_table, segmentation_scores
from ..one_of_many import one_of_many
from ..optional_packages import optional_package
from ..scan_files import READERS, UP_AXES, Scan, doubts, turn_upright
from ..visualization import room_yaw
from .command_line import CommandLine


def parse_arguments(arguments: list[str] | None = None) -> argparse.Namespace:
    """Parse the command line."""
    parser = CommandLine(
        description='Label every point of scans (writes <scan>.ply, .npz and .png), or find boxes in them '
        '(writes <scan>.json, .ply with the edges, and .png), in metres with z up.'
    )
    parser.add_argument('scans', nargs='+', metavar='SCAN', help=f'files ending in {", ".join(READERS)}')
    parser.add_argument('--checkpoint', required=True, help='checkpoint file')
    parser.add_argument(
        '--config', required=True, help='config file, or the name of a config of this package'
    )
    parser.add_argument('--out', required=True, help='folder for the results')
    parser.add_argument('--device', default='cpu', help='such as cpu or cuda:0')
    parser.add_argument(
        '--unit-scale', type=float, default=1.0, help='metres of one unit of the scans, 0.001 for millimetres'
    )
    parser.add_argument(
        '--sample',
        type=int,
        metavar='N',
        help='draw N points on the surface of meshes instead of their vertices',
    )
    parser.add_argument('--up', choices=UP_AXES, default='z', help='axis of the scans that points up')
    parser.add_argument(
        '--unlabelled', type=int, default=255, help='label of rows without finite coordinates (default: 255)'
    )
    parser.add_argument(
        '--fill', action='store_true', help='give such rows the label of the nearest row that has a point'
    )
    parser.add_argument(
        '--strict', action='store_true', help='refuse scans whose units, up axis or precision look wrong'
    )
    parser.add_argument(
        '--format', choices=POINT_FORMATS, default='ply', help='of the labelled points (default: ply)'
    )
    parser.add_argument('--html', action='store_true', help='also write <scan>.html, a viewer of the labels')
    parser.add_argument('--min-score', type=float, default=0.3, help='least score of the boxes written')
    parser.add_argument(
        '--align-walls',
        action='store_true',
        help='turn scans so that walls lie along the axes before boxes are sought, and the boxes back',
    )
    args = parser.parse_args(arguments)
    if not (np.isfinite(args.unit_scale) and args.unit_scale > 0):
        parser.error(f'--unit-scale: expected a number above zero, got {args.unit_scale}')
    if args.sample is not None and args.sample < 1:
        parser.error(f'--sample: expected a number of points above zero, got {args.sample}')
    endings = {f'.{ending}' for ending in (args.format, 'ply', 'npz', 'png', 'json', 'html')}
    out = Path(args.out).resolve()
    lost = [
        scan for scan in args.scans if Path(scan).suffix in endings and Path(scan).resolve().parent == out
    ]
    if lost:
        parser.error(f'--out: results would replace the scans themselves: {", ".join(lost)}')
    twice = [stem for stem, count in Counter(Path(scan).stem for scan in args.scans).items() if count > 1]
    if twice:
        parser.error(f'several scans are named {", ".join(twice)}: their results would have one name')
    return args


def scan_truth(scan: Scan, names: tuple[str, ...]) -> np.ndarray | None:
    """The scan's own labels as indices into `names`, or None where they cannot be matched by name."""
    if scan.label is None or scan.label_names is None:
        return None
    truth = match_labels(scan.label, scan.label_names, names)
    return truth if (truth >= 0).any() else None


def predict_scan(inferencer: Swin3DInferencer | BoxInferencer, path: str, args: argparse.Namespace) -> None:
    """Label one scan, or find its boxes, and write the results."""
    scan = read_scan(path, args.sample)
    scan = turn_upright(dataclasses.replace(scan, xyz=scan.xyz * args.unit_scale), args.up)
    for doubt in doubts(scan, inferencer.voxel_size):
        if args.strict:
            raise ValueError(f'--strict: {doubt}')
        MMLogger.get_current_instance().warning(f'{path}: {doubt}')
    predict = find_boxes if isinstance(inferencer, BoxInferencer) else label_points
    predict(inferencer, path, scan, args)


def find_boxes(inferencer: BoxInferencer, path: str, scan: Scan, args: argparse.Namespace) -> None:
    """Find the boxes of one scan and write them."""
    # Boxes are the same after a quarter turn: the smallest turn of the walls serves.
    turn = (np.pi / 4 - room_yaw(scan.xyz)) % (np.pi / 2) - np.pi / 4 if args.align_walls else 0.0
    boxes = inferencer(scan, turn).above(args.min_score)
    written = write_boxed_scan(args.out, Path(path).stem, scan, boxes, inferencer.names, inferencer.palette)
    counts = Counter(inferencer.names[label] for label in boxes.label)
    told = ', '.join(f'{count} {name}' for name, count in counts.most_common()) or 'none'
    logger = MMLogger.get_current_instance()
    logger.info(f'{path}: {len(boxes)} boxes ({told}), wrote {", ".join(map(str, written))}')


def label_points(inferencer: Swin3DInferencer, path: str, scan: Scan, args: argparse.Namespace) -> None:
    """Label the points of one scan, write them and score them against the scan's own labels."""
    logger = MMLogger.get_current_instance()
    label = inferencer(scan)
    truth = scan_truth(scan, inferencer.names)
    unlabelled = None if args.fill else args.unlabelled
    if unlabelled is not None and 0 <= unlabelled < len(inferencer.names):
        raise ValueError(f'--unlabelled: {unlabelled} is the label of {inferencer.names[unlabelled]}')
    written = write_labelled_scan(
        args.out,
        Path(path).stem,
        scan,
        label,
        inferencer.names,
        inferencer.palette,
        truth,
        args.html,
        unlabelled,
        args.format,
    )
    logger.info(f'{path}: {len(scan)} points labelled, wrote {", ".join(map(str, written))}')
    if truth is not None:
        scores = segmentation_scores(confusion_matrix(truth, label, len(inferencer.names)))
        logger.info(f'{path}: against its own labels\n{scores_table(scores, inferencer.names)}')
        logger.info(f'{path}: mean IoU of the classes of its labels {scores.mean_iou_of_truth:.4f}')
        logger.info(f'{path}: mIoU {scores.mean_iou:.4f}')


def main(arguments: list[str] | None = None) -> int:
    """Serve the scans that the command line names; 0 when all of them succeeded, else 1."""
    args = parse_arguments(arguments)
    logger = MMLogger.get_current_instance()
    try:
        if args.format != 'ply':
            optional_package('laspy', 'formats', f'--format {args.format}')
        inferencer = make_inferencer(args.config, args.checkpoint, args.device)
    except ValueError as error:
        logger.error(str(error))
        return 1
    sweep_parts(args.out)
    failed = []
    for number, path in enumerate(args.scans, 1):
        logger.info(f'scan {number} of {len(args.scans)}: {path}')
        with one_of_many(path) as attempt:
            predict_scan(inferencer, path, args)
        if attempt.failure:
            logger.error(attempt.failure)
            failed.append(path)
    if failed:
        logger.error(f'{len(failed)} of {len(args.scans)} scans failed: {", ".join(failed)}')
    return 1 if failed else 0


if __name__ == '__main__':
    sys.exit(main())
