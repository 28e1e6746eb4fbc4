"""Evaluates a checkpoint with mmengine's runner: `python -m swin3d_mmdet3d.tools.test CONFIG CHECKPOINT`.

The scores go to the log and to `test_result.json` of the work folder, `test_result_votes.json` with --tta,
where `merge_areas` and `reproduction_table` find them. Confusion matrix, bars of the classes and the worst
scenes are drawn into `report` there. Scenes without labels or boxes are predicted all the same: --out keeps
the predictions in one file, --show-dir writes files to look at.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from mmengine.config import Config, ConfigDict

from ..help_only import HELP_ONLY
from .command_line import CommandLine
from .mistakes import run_tool
from .train import add_run_arguments, build_runner, load_config

if not HELP_ONLY:
    from mmengine.dist import is_main_process
    from mmengine.model import BaseTTAModel
    from mmengine.runner import Runner

    from ..apis import find_config
    from ..apis.run_inputs import check_run_inputs
    from ..checkpoints import checked_checkpoints, load_checkpoint, load_strictly
    from ..checkpoints.loader import checkpoint_weights
    from ..checkpoints.shipped_weights import check_checkpoint
    from ..datasets.wrapped_settings import innermost_dataset
    from ..engine.wrapped_models import unwrapped
    from ..evaluation import ConfusionSegMetric, RunScores
    from ..evaluation.run_scores import file_names

LABEL_STEPS = ('LoadSceneAnnotations', 'LoadAnnotations3D', 'MapSemanticLabels', 'PointSegClassMapping')
"""Transforms that read labels."""


def parse_arguments(arguments: list[str] | None = None) -> argparse.Namespace:
    """Parse the command line of testing."""
    parser = CommandLine(description='Evaluate a checkpoint.')
    parser.add_argument('config', help='config file, or the name of a config of this package')
    parser.add_argument('checkpoint', help='checkpoint file')
    add_run_arguments(parser)
    parser.add_argument('--tta', action='store_true', help='vote over the views of tta_pipeline')
    parser.add_argument(
        '--submission',
        metavar='FILE.zip',
        help="label the benchmark's test split and write the file for its server instead of scoring",
    )
    parser.add_argument(
        '--out', metavar='FILE.pkl', help='keep labels or boxes of every scene in this file (PredictionFile)'
    )
    parser.add_argument(
        '--show-dir', metavar='DIR', help='write PLY, picture and NPZ or JSON of every scene into this folder'
    )
    parser.add_argument(
        '--worst',
        type=int,
        default=3,
        metavar='N',
        help='scenes drawn in the report of the work folder beside confusion matrix and bars (default: 3)',
    )
    parser.add_argument(
        '--score-thr', type=float, default=0.0, help='least score of a box in the files of --show-dir'
    )
    return parser.parse_args(arguments)


def enable_result_files(cfg: Config, out: str | None, show_dir: str | None, score_thr: float) -> None:
    """Keep the predictions: in the file `out`, and as files to look at in `show_dir`.

    Raises:
        ValueError: `out` is no pickle.
    """
    if out is not None:
        if Path(out).suffix not in ('.pkl', '.pickle'):
            raise ValueError(f'--out must end in .pkl or .pickle, got {out}')
        given = cfg.test_evaluator
        given = list(given) if isinstance(given, (list, tuple)) else [given]
        cfg.test_evaluator = [*given, dict(type='PredictionFile', path=out)]
    if show_dir is not None:
        hook = dict(type='ResultFilesHook', folder=show_dir, score_thr=score_thr)
        cfg.custom_hooks = [*cfg.get('custom_hooks', []), hook]


def enable_report(cfg: Config, num_worst: int) -> None:
    """Draw confusion matrix, bars of the classes and the worst scenes into the work folder.

    Data sets that are joined, with classes of their own each, have no such report.
    """
    if 'datasets' not in innermost_dataset(cfg.get('test_dataloader') or {}):
        report = dict(type='TestReportHook', folder=str(Path(cfg.work_dir) / 'report'), num_worst=num_worst)
        cfg.custom_hooks = [*cfg.get('custom_hooks', []), report]


def enable_tta(cfg: Config) -> None:
    """Wrap the model by `tta_model` and read the test data through `tta_pipeline`.

    Raises:
        ValueError: The config lacks one of the two.
    """
    missing = [key for key in ('tta_model', 'tta_pipeline') if key not in cfg]
    if missing:
        raise ValueError(
            f'--tta needs tta_model and tta_pipeline in config {cfg.filename}; missing: {", ".join(missing)}'
        )
    innermost_dataset(cfg.test_dataloader).pipeline = cfg.tta_pipeline
    cfg.model = ConfigDict(**cfg.tta_model, module=cfg.model)


def enable_submission(cfg: Config, path: str) -> None:
    """Read the scans of `submission_infos`, without labels, and write a submission in place of scores.

    Raises:
        ValueError: The config names no `submission_infos`: its data set has no test server.
    """
    if 'submission_infos' not in cfg:
        raise ValueError(f'--submission needs submission_infos in config {cfg.filename}')
    dataset = innermost_dataset(cfg.test_dataloader)
    dataset.ann_file = cfg.submission_infos
    dataset.pipeline = [step for step in dataset.pipeline if step['type'] not in LABEL_STEPS]
    cfg.test_evaluator = dict(type='SegSubmission', path=path)


def write_result(runner: Runner, cfg: Config, args: argparse.Namespace, metrics: dict) -> None:
    """Write the scores, and the confusion matrix where there is one, into the work folder."""
    ann_file = innermost_dataset(cfg.test_dataloader).get('ann_file', [])  # objects have none
    matrices = [
        (metric.matrix.tolist(), list(metric.dataset_meta['classes']))
        for metric in runner.test_loop.evaluator.metrics
        if isinstance(metric, ConfusionSegMetric) and metric.matrix is not None
    ]
    confusion, classes = matrices[0] if matrices else (None, None)
    result = RunScores(
        config=find_config(args.config).stem,
        checkpoint=str(args.checkpoint),
        votes=args.tta,
        info_files=file_names(ann_file),
        metrics={name: float(value) for name, value in metrics.items()},
        classes=classes,
        confusion=confusion,
    )
    runner.logger.info(f'wrote {result.write(cfg.work_dir)}')


def load_weights(runner: Runner, checkpoint: str) -> None:
    """Load a checkpoint whose weights are exactly those of the model.

    The runner's own way reports what does not match and evaluates random weights in its place.

    Raises:
        ValueError: The checkpoint is of another model, with the keys that do not match, or has NaN or
            infinite weights, with their names.
    """
    content = load_checkpoint(checkpoint, map_location='cpu')
    checkpoint_weights(content, checkpoint)  # there are some, before hooks look for them
    runner.call_hook('after_load_checkpoint', checkpoint=content)  # an EMA puts its own weights there
    model = unwrapped(runner.model)
    if isinstance(model, BaseTTAModel):
        model = model.module
    load_strictly(model, checkpoint_weights(content, checkpoint), checkpoint)


def main(arguments: list[str] | None = None) -> None:
    """Run the evaluation that the command line describes."""
    args = parse_arguments(arguments)
    if Path(args.config).suffix in ('.pth', '.pt'):
        raise ValueError(f'{args.config} is a checkpoint: the config comes first, then the checkpoint')
    cfg = load_config(args)
    cfg.load_from = None
    cfg.resume = False
    if args.tta:
        enable_tta(cfg)
    if args.submission is not None:
        enable_submission(cfg, args.submission)
    else:
        enable_report(cfg, args.worst)
    enable_result_files(cfg, args.out, args.show_dir, args.score_thr)
    check_checkpoint(args.checkpoint)
    check_run_inputs(cfg, ('test_dataloader',))
    with checked_checkpoints():
        runner = build_runner(cfg, 'model', 'test_dataloader', 'test_cfg', 'test_evaluator')
    load_weights(runner, args.checkpoint)
    metrics = runner.test()
    if args.submission is None and metrics and is_main_process():
        write_result(runner, cfg, args, metrics)


if __name__ == '__main__':
    sys.exit(run_tool(main))
