"""Evaluates a checkpoint with mmengine's runner: `python -m swin3d_mmdet3d.tools.test CONFIG CHECKPOINT`."""

from __future__ import annotations

import argparse

from mmengine.config import Config, ConfigDict
from mmengine.runner import Runner

from swin3d_mmdet3d.tools.train import add_run_arguments, build_runner, load_config


def parse_arguments(arguments: list[str] | None = None) -> argparse.Namespace:
    """Parses the command line of testing."""
    parser = argparse.ArgumentParser(description='Evaluate a checkpoint.')
    parser.add_argument('config', help='config file')
    parser.add_argument('checkpoint', help='checkpoint file')
    add_run_arguments(parser)
    parser.add_argument('--tta', action='store_true', help='average over the views of tta_pipeline')
    return parser.parse_args(arguments)


def enable_tta(cfg: Config) -> None:
    """Wraps the model by `tta_model` and reads the test data through `tta_pipeline`.

    Raises:
        ValueError: the config lacks one of the two.
    """
    missing = [key for key in ('tta_model', 'tta_pipeline') if key not in cfg]
    if missing:
        raise ValueError(
            f'--tta needs tta_model and tta_pipeline in config {cfg.filename}; missing: {", ".join(missing)}'
        )
    dataset = cfg.test_dataloader.dataset
    while 'pipeline' not in dataset:
        dataset = dataset.dataset
    dataset.pipeline = cfg.tta_pipeline
    cfg.model = ConfigDict(**cfg.tta_model, module=cfg.model)


def load_weights(runner: Runner, checkpoint: str) -> None:
    """Loads a checkpoint whose weights are exactly those of the model.

    The runner's own way reports what does not match and evaluates random weights in its place.

    Raises:
        ValueError: the checkpoint is of another model, with the keys that do not match.
    """
    try:
        runner.load_checkpoint(checkpoint, strict=True)
    except RuntimeError as error:
        raise ValueError(f'{checkpoint} is a checkpoint of another model than the config: {error}') from error


def main(arguments: list[str] | None = None) -> None:
    """Runs the evaluation that the command line describes."""
    args = parse_arguments(arguments)
    cfg = load_config(args)
    cfg.load_from = None
    cfg.resume = False
    if args.tta:
        enable_tta(cfg)
    runner = build_runner(cfg, 'model', 'test_dataloader', 'test_cfg', 'test_evaluator')
    load_weights(runner, args.checkpoint)
    runner.test()


if __name__ == '__main__':
    main()
