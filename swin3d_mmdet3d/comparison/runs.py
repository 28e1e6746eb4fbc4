"""One training of the comparison: a config on the rooms, trained and tested by the stock runner."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from mmengine.config import Config
from mmengine.logging import MMLogger
from mmengine.runner import Runner, find_latest_checkpoint

from ..apis import find_config, set_data_root, set_iterations
from ..datasets.wrapped_settings import LOADERS
from ..engine.progress_lines import ProgressLines

LAST_STEPS = 100
"""Steps at the end of a training, whose logged values are kept."""
KEPT_STEPS = 600
"""Steps between the checkpoints of a training that others go on with."""
TOLD_LINES = 6
"""How many times a training tells how far it is."""


def room_config(name: str | Path, rooms: Path, work_dir: Path, seed: int, iters: int | None = None) -> Config:
    """A config on generated rooms, loaded in the training process and evaluated once, at its end.

    Args:
        name: config, by path or name.
        rooms: folder of the ``s3dis`` rooms; those of other layouts lie beside it.
        work_dir: folder of logs, checkpoints and students.
        seed: of the training.
        iters: steps in place of the config's own.
    """
    config = Config.fromfile(find_config(name))
    set_data_root(config, rooms)
    for loader in LOADERS:
        if config.get(loader):
            # what workers do would escape the count of CPU time
            config[loader].update(num_workers=0, persistent_workers=False)
    if iters is not None:
        set_iterations(config, iters)
    config.val_dataloader = config.val_cfg = config.val_evaluator = None
    # a measure that is stopped is taken again from its start: nothing is saved, and a signal ends it at once
    config.default_hooks.checkpoint = None
    config.default_hooks.pop('stop_signal', None)
    config.randomness = dict(seed=seed)
    config.log_level = 'WARNING'
    config.work_dir = str(work_dir)
    config.experiment_name = f'{work_dir.parent.name}-{work_dir.name}-{time.time_ns()}'
    return config


def train(config: Config) -> tuple[Runner, float]:
    """Train by the stock runner on one thread; the runner, and the CPU seconds that it took."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    start = time.process_time()
    try:
        runner = Runner.from_cfg(config)
        logger = MMLogger.get_instance('comparison')
        logger.info(f'training in {config.work_dir}, {config.train_cfg.max_iters} steps')
        runner.register_hook(ProgressLines(logger, TOLD_LINES))
        runner.train()
    finally:
        torch.set_num_threads(threads)
    return runner, time.process_time() - start


def train_and_test(config: Config, logged: Sequence[str] = ()) -> dict[str, Any]:
    """Train, then test what it ends with: the metrics, in percent, and ``cpu_seconds`` of the training.

    Args:
        config: as of :func:`room_config`.
        logged: values that the training logs beside its losses; ``logged`` then has their means over its
            last ``LAST_STEPS`` steps, of those that have one.

    Raises:
        ValueError: If the training never logs one of these values.
    """
    runner, seconds = train(config)
    history = runner.message_hub.log_scalars
    missing = [name for name in logged if f'train/{name}' not in history]
    if missing:
        raise ValueError(f'logged must be values that the training logs, got {missing}')
    means = {name: round(float(history[f'train/{name}'].mean(LAST_STEPS)), 4) for name in logged}
    return dict(
        metrics=in_percent(runner.test()),
        cpu_seconds=round(seconds, 1),
        **(dict(logged=means) if logged else {}),
    )


def go_on_and_test(config: Config) -> dict[str, Any]:
    """Train on from the last checkpoint in the config's folder to its number of steps; test what it saves.

    So one training is measured after several numbers of steps; one that is stopped goes on, too. Tested is
    the checkpoint, since mmengine's ``EMAHook`` begins its average anew where a runner tests.

    Args:
        config: as of :func:`room_config`.

    Returns:
        The metrics, in percent, and ``cpu_seconds`` of these steps alone.

    Raises:
        ValueError: If the training in the folder has taken more steps already.
    """
    steps = config.train_cfg.max_iters
    begun = find_latest_checkpoint(config.work_dir)
    taken = 0 if begun is None else int(Path(begun).stem.rpartition('_')[2])
    if taken > steps:
        raise ValueError(f'{config.work_dir} must hold a training of at most {steps} steps, got {taken}')
    config.default_hooks.checkpoint = dict(
        type='AtomicCheckpointHook', by_epoch=False, interval=KEPT_STEPS, max_keep_ckpts=1
    )
    config.resume = True
    _, seconds = train(config)
    config.update(resume=False, load_from=find_latest_checkpoint(config.work_dir), train_dataloader=None)
    config.update(train_cfg=None, optim_wrapper=None, param_scheduler=None)
    config.experiment_name += '-test'
    return dict(metrics=in_percent(Runner.from_cfg(config).test()), cpu_seconds=round(seconds, 1))


def in_percent(metrics: dict[str, float]) -> dict[str, float | None]:
    """Metrics in percent, to two digits; None of a class that no tested room has, since JSON knows no NaN."""
    percent = {name: round(100 * float(value), 2) for name, value in metrics.items()}
    return {name: None if math.isnan(value) else value for name, value in percent.items()}
