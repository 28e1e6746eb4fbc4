"""Methods with a protocol of their own: arms named in a file `arms.py`, each a config with changes."""

from __future__ import annotations

import runpy
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mmengine.config import Config

from ..apis import set_iterations
from .runs import go_on_and_test, room_config, train_and_test


@dataclass(frozen=True)
class Arm:
    """One arm of a comparison: a config trained and tested on the rooms.

    Attributes:
        name: of the arm.
        config: its config, by path or name.
        change: changes the config in place before it is trained.
        logged: values that the training logs; their means over its last steps are in the results.
        training: name of a training that several arms share: each goes on with it, from where the one
            before left it, to its own number of steps; None for one of its own.
    """

    name: str
    config: str
    change: Callable[[Config], None] | None = None
    logged: Sequence[str] = ()
    training: str | None = None


def load_arms(path: str | Path) -> Sequence[Arm]:
    """The list ``ARMS`` of a file.

    Raises:
        ValueError: If the file has no such list.
    """
    arms = runpy.run_path(str(path)).get('ARMS')
    if not arms or not all(isinstance(arm, Arm) for arm in arms):
        raise ValueError(f'{path} must define ARMS, a list of Arm, got {arms!r}')
    return arms


def keep_condition(config: Config, condition: str) -> None:
    """Train and test a network of several data sets on one of them alone, with plain norms.

    It has its share of the steps, so that as many networks as there are data sets take as many in all.
    """
    conditions = list(config.model.conditions)
    index = conditions.index(condition)
    config.model.update(conditions=[condition], norms='shared')
    set_iterations(config, config.train_cfg.max_iters // len(conditions))
    for loader in (config.train_dataloader, config.test_dataloader):
        loader.dataset.datasets = [loader.dataset.datasets[index]]
    config.train_dataloader.batch_sampler.ratios = [1]
    for name in ('scores', 'class_names'):
        config.test_evaluator[name] = {condition: config.test_evaluator[name][condition]}


def run_arm(arm: Arm, rooms: Path, folder: Path, seed: int) -> dict[str, Any]:
    """Train and test one arm; its held-out metrics in percent, and what it logs."""
    config = room_config(arm.config, rooms, folder / (arm.training or arm.name).replace(' ', '-'), seed)
    if arm.change is not None:
        arm.change(config)
    if arm.training is not None:
        return go_on_and_test(config)
    return train_and_test(config, arm.logged)
