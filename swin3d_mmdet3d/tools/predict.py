"""Labels scans, or finds boxes in them.

`python -m swin3d_mmdet3d.tools.predict SCAN... --out DIR [--task T | --config Y --checkpoint X]`: a trained
model that travels with the package, or the model of the config, decides which.
"""

from __future__ import annotations

import argparse
import dataclasses
import sys
from collections import Counter
from pathlib import Path

import numpy as np
from mmengine.logging import MMLogger

from ..help_only import HELP_ONLY
from ..one_of_many import one_of_many
from ..optional_packages import optional_package
from ..pickle_trust import add_trust_option
from ..shipped_models import SHIPPED_MODELS
from .command_line import CommandLine, add_frame_options
from .mistakes import run_tool

if not HELP_ONLY:
    from mmengine.config import Config

    from ..apis import ScanFrame, ScanInput, ScanPrediction, Swin3DInferencer, match_labels, scan_inputs
    from ..apis.config_files import read_config_file
    from ..apis.model_files import predicting_model
    from ..evaluation import confusion_matrix, scores_table, segmentation_scores
    from ..scan_files import READERS, Scan, doubts


def parse_arguments(arguments: list[str] | None = None) -> argparse.Namespace:
    """Parse the command line."""
    parser = CommandLine(
        description='Label every point of scans (writes <scan>.ply, .npz and .png), or find boxes in them '
        '(writes <scan>.json, .ply with the edges, and .png), in the units and axes of the scans.'
    )
    parser.add_argument(
        'scans',
        nargs='+',
        metavar='SCAN',
        help='scan files (docs/scan_files.md says of which kinds), or folders of such files',
    )
    parser.add_argument(
        '--task',
        choices=SHIPPED_MODELS,
        help='model that travels with the package: '
        + ', '.join(f'{name} ({model.finds})' for name, model in SHIPPED_MODELS.items())
        + '; seg unless --config and --checkpoint name another',
    )
    parser.add_argument('--checkpoint', help='file of trained weights')
    parser.add_argument('--config', help='config file, or the name of a config of this package')
    parser.add_argument('--out', required=True, help='folder for the results')
    parser.add_argument(
        '--device', help='such as cpu or cuda:0; by default the first GPU, or the CPU where there is none'
    )
    add_frame_options(parser)
    parser.add_argument(
        '--sample',
        type=int,
        metavar='N',
        help='draw N points on the surface of meshes instead of their vertices',
    )
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
        '--format', choices=('ply', 'las', 'laz'), default='ply', help='of the labelled points (default: ply)'
    )
    parser.add_argument(
        '--html', action='store_true', help='also write <scan>.html, a viewer of labels or boxes'
    )
    parser.add_argument('--json', action='store_true', help='also write labels and confidence as <scan>.json')
    parser.add_argument(
        '--chunk-size',
        type=float,
        metavar='METRES',
        help='label scans of any size in cubes of this edge: the same labels for less memory',
    )
    parser.add_argument('--min-score', type=float, default=0.3, help='least score of the boxes written')
    parser.add_argument(
        '--align-walls',
        action='store_true',
        help='turn scans so that walls lie along the axes before boxes are sought, and the boxes back',
    )
    add_trust_option(parser)
    args = parser.parse_args(arguments)
    if not (np.isfinite(args.unit_scale) and args.unit_scale > 0):
        parser.error(f'--unit-scale: expected a number above zero, got {args.unit_scale}')
    if args.sample is not None and args.sample < 1:
        parser.error(f'--sample: expected a number of points above zero, got {args.sample}')
    if args.chunk_size is not None and not (np.isfinite(args.chunk_size) and args.chunk_size > 0):
        parser.error(f'--chunk-size: expected metres above zero, got {args.chunk_size}')
    _choose_model(parser, args)
    try:
        args.inputs, _ = scan_inputs(args.scans, leave_out=args.out)
    except ValueError as error:
        parser.error(str(error))
    endings = {f'.{ending}' for ending in (args.format, 'ply', 'npz', 'png', 'json', 'html')}
    out = Path(args.out).resolve()
    paths = [scan.path for scan in args.inputs]
    lost = [str(path) for path in paths if path.suffix in endings and path.resolve().parent == out]
    if lost:
        parser.error(f'--out: results would replace the scans themselves: {", ".join(lost)}')
    return args


def _choose_model(parser: argparse.ArgumentParser, args: argparse.Namespace) -> None:
    """Let `args.config` and `args.checkpoint` be those of the task where neither is given."""
    given = [args.config, args.checkpoint]
    if any(given) and args.task:
        parser.error('--task: it names a model of the package, leave out --config and --checkpoint')
    if not any(given):
        shipped = SHIPPED_MODELS[args.task or 'seg']
        args.config, args.checkpoint = shipped.config, shipped.checkpoint
    elif not all(given):
        parser.error(
            '--config and --checkpoint: a trained model needs both, such as --config swin3d-tiny_rooms-seg '
            '--checkpoint demo_output/model.pth of `make demo`; without either, --task chooses one that '
            'travels with the package'
        )


def scan_truth(scan: Scan, names: tuple[str, ...]) -> np.ndarray | None:
    """The scan's own labels as indices into `names`, or None where they cannot be matched by name."""
    if scan.label is None or scan.label_names is None:
        return None
    truth = match_labels(scan.label, scan.label_names, names)
    return truth if (truth >= 0).any() else None


def predict_scan(inferencer: Swin3DInferencer, item: ScanInput, args: argparse.Namespace) -> None:
    """Label one scan, or find its boxes, and write the results."""
    scan, frame = item.read(args.sample), ScanFrame(args.unit_scale, args.up)
    for doubt in doubts(frame.upright(scan), inferencer.voxel_size):
        if args.strict:
            raise ValueError(f'--strict: {doubt}')
        MMLogger.get_current_instance().warning(f'{item.path}: {doubt}')
    (found,) = inferencer.predict([scan], frame, args.align_walls)
    # points drawn on a mesh are no rows of its file
    found = dataclasses.replace(found, name=item.name, source=item.path if args.sample is None else None)
    save = save_boxes if inferencer.is_detector else save_labels
    save(found, item.path, args)


def save_boxes(found: ScanPrediction, path: Path, args: argparse.Namespace) -> None:
    """Write the boxes of one scan and tell how many there are."""
    if args.format != 'ply':
        raise ValueError(
            f'--format {args.format}: the model finds boxes, which are written as json, ply and png'
        )
    found = dataclasses.replace(found, boxes=found.boxes.above(args.min_score))
    written = found.save(args.out, ['json', 'ply', 'png', *(['html'] if args.html else [])])
    counts = Counter(found.names[label] for label in found.boxes.label)
    told = ', '.join(f'{count} {name}' for name, count in counts.most_common()) or 'none'
    logger = MMLogger.get_current_instance()
    logger.info(f'{path}: {len(found.boxes)} boxes ({told}), wrote {", ".join(map(str, written))}')


def save_labels(found: ScanPrediction, path: Path, args: argparse.Namespace) -> None:
    """Write the labels of one scan and score them against the scan's own labels."""
    logger = MMLogger.get_current_instance()
    truth = scan_truth(found.scan, found.names)
    unlabelled = None if args.fill else args.unlabelled
    if unlabelled is not None and 0 <= unlabelled < len(found.names):
        raise ValueError(f'--unlabelled: {unlabelled} is the label of {found.names[unlabelled]}')
    more = [kind for kind in ('html', 'json') if getattr(args, kind)]
    written = found.save(args.out, [args.format, 'npz', 'png', *more], truth, unlabelled)
    sure = '' if found.scores is None else f' with a mean confidence of {found.scores.mean():.2f}'
    logger.info(f'{path}: {len(found.scan)} points labelled{sure}, wrote {", ".join(map(str, written))}')
    if truth is not None:
        scores = segmentation_scores(confusion_matrix(truth, found.labels, len(found.names)))
        logger.info(f'{path}: against its own labels\n{scores_table(scores, found.names)}')
        logger.info(f'{path}: mean IoU of the classes of its labels {scores.mean_iou_of_truth:.4f}')
        logger.info(f'{path}: mIoU {scores.mean_iou:.4f}')


def config_of(args: argparse.Namespace) -> Config:
    """The config that the command line names, its chunks of the size that it names."""
    config = read_config_file(args.config)
    if args.chunk_size is not None:
        model = predicting_model(config.model)
        if model.get('test_cfg', {}).get('mode') not in ('whole', 'chunks'):
            raise ValueError('--chunk-size: the model of the config has no chunks in its test_cfg')
        model.test_cfg = dict(mode='chunks', chunk_size=args.chunk_size, max_voxels=1)
    return config


def main(arguments: list[str] | None = None) -> int:
    """Serve the scans that the command line names; 0 when all of them succeeded, else 1."""
    args = parse_arguments(arguments)
    logger = MMLogger.get_current_instance()
    try:
        if not any(item.path.is_file() and item.path.suffix.lower() in READERS for item in args.inputs):
            args.inputs[0].read()  # says what is wrong before a model is built
        if args.format != 'ply':
            optional_package('laspy', 'formats', f'--format {args.format}')
        inferencer = Swin3DInferencer(config_of(args), args.checkpoint, args.device)
    except (ValueError, OSError) as error:
        logger.error(str(error))
        return 1
    failed = []
    for number, item in enumerate(args.inputs, 1):
        logger.info(f'scan {number} of {len(args.inputs)}: {item.path}')
        with one_of_many(str(item.path)) as attempt:
            predict_scan(inferencer, item, args)
        if attempt.failure:
            logger.error(attempt.failure)
            failed.append(str(item.path))
    if failed and len(args.inputs) > 1:
        logger.error(f'{len(failed)} of {len(args.inputs)} scans failed: {", ".join(failed)}')
    return 1 if failed else 0


if __name__ == '__main__':
    sys.exit(run_tool(main))
