"""What a pretraining step costs: CPU time over that of PPKT's step in the same process, and peak memory."""

from __future__ import annotations

import copy
import json
import multiprocessing
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch
from mmengine.runner import Runner

from ..engine.hooks import SelfLabelHook
from .runs import room_config

WARM_UP = 2
STEPS = 8


def step_cost(config: str, yardstick: str, rooms: Path) -> dict[str, Any]:
    """Measure the steps of a config and of the yardstick in turn, in a process of their own.

    Args:
        config: the pretraining whose steps are measured.
        yardstick: the pretraining whose step is 1.
        rooms: folder of the rooms.

    Returns:
        ``ratio`` of the median CPU times of a step, ``step_seconds`` and ``peak_mib`` of the method, the
        memory that its steps add to that of the process before them; None where the system does not tell.
    """
    context = multiprocessing.get_context('spawn')
    with tempfile.TemporaryDirectory() as folder:
        answer = Path(folder) / 'cost.json'
        process = context.Process(target=_measure, args=(config, yardstick, rooms, answer))
        process.start()
        process.join()
        if process.exitcode:
            raise RuntimeError(f'the steps of {config} could not be measured: exit status {process.exitcode}')
        return json.loads(answer.read_text())


def _measure(config: str, yardstick: str, rooms: Path, answer: Path) -> None:
    """Write the cost of the config's steps into a file."""
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder:
        method = _Steps(config, rooms, Path(folder) / 'method')
        before = _reset_peak_memory()
        method.run(WARM_UP)
        peak = _peak_memory()
        other = _Steps(yardstick, rooms, Path(folder) / 'yardstick')
        other.run(WARM_UP)
        times = np.array([[steps.run(1) for steps in (method, other)] for _ in range(STEPS)])
    seconds, unit = np.median(times, axis=0)
    added = None if peak is None or before is None else round((peak - before) / 1024)
    answer.write_text(json.dumps(dict(ratio=seconds / unit, step_seconds=seconds, peak_mib=added)))


class _Steps:
    """The training steps of a config on one batch after the other."""

    def __init__(self, config: str, rooms: Path, work_dir: Path) -> None:
        self.runner = Runner.from_cfg(room_config(config, rooms, work_dir, seed=0))
        self.runner.model.train()
        self.optimizer = self.runner.build_optim_wrapper(self.runner.cfg.optim_wrapper)
        self.loader = iter(self.runner.build_dataloader(self.runner.cfg.train_dataloader))

    def run(self, steps: int) -> float:
        """CPU seconds of so many steps, without loading and the labelling of models that label themselves."""
        seconds = 0.0
        for _ in range(steps):
            batch = next(self.loader)
            for hook in self.runner.hooks:
                if isinstance(hook, SelfLabelHook):
                    hook.label(self.runner.model, [copy.deepcopy(batch)])
            start = time.process_time()
            self.runner.model.train_step(batch, self.optimizer)
            seconds += time.process_time() - start
        return seconds


def _reset_peak_memory() -> int | None:
    """Forget the process's peak memory; what it holds now in KiB, None where the system does not tell."""
    try:
        Path('/proc/self/clear_refs').write_text('5')
    except OSError:
        return None
    return _peak_memory()


def _peak_memory() -> int | None:
    """The largest resident memory since it was forgotten, in KiB; None where the system does not tell."""
    status = Path('/proc/self/status')
    if not status.is_file():
        return None
    lines = dict(line.split(':', 1) for line in status.read_text().splitlines() if ':' in line)
    return int(lines['VmHWM'].split()[0]) if 'VmHWM' in lines else None
