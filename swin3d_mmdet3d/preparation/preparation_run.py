"""A run over the scenes of a raw download: parallel, resumable, and undisturbed by broken scenes."""

from __future__ import annotations

import logging
import os
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mmengine.logging import print_log
from terminaltables import AsciiTable

from ..datasets.class_lists import ClassList
from ..datasets.layout.infos import write_info_file
from ..datasets.layout.scenes import IndoorScene, sweep_layout
from ..datasets.layout.seg_info import write_seg_info
from ..one_of_many import each_of_many
from .finished_scenes import TICKETS, finish_scene, finished_scene, forget_scene


@dataclass(frozen=True)
class RawScene:
    """A scene of a raw download.

    Attributes:
        name: Its name among the prepared scenes.
        split: The info file that it belongs to.
        source: Its folder.
    """

    name: str
    split: str
    source: Path


@dataclass(frozen=True)
class DataSet:
    """A benchmark, or one's own data.

    Attributes:
        name: In the info files' names.
        boxes: Classes of the boxes.
        metainfo: Further keys of the info files' metainfo.
    """

    name: str
    boxes: ClassList
    metainfo: dict = field(default_factory=dict)


@dataclass(frozen=True)
class Outcome:
    """What became of a scene.

    Attributes:
        scene: The scene.
        state: 'prepared', 'kept' (finished by an earlier run) or 'failed'.
        num_points: Points of a prepared or kept scene.
        notes: What the user should know; the reason of a failure.
    """

    scene: RawScene
    state: str
    num_points: int
    notes: tuple[str, ...]


def prepare_scenes(
    dataset: DataSet,
    scenes: Sequence[RawScene],
    read: Callable[[RawScene], IndoorScene],
    out: str | os.PathLike,
    settings: dict,
    workers: int | None = None,
) -> list[Outcome]:
    """Prepare the scenes that are not finished yet, and write the info files of all splits.

    Args:
        dataset: The benchmark.
        scenes: All scenes of the download, in the order of the info files.
        read: Gives the arrays of a scene, or raises an exception whose message names scene and file;
            sent to other processes.
        out: Folder of the prepared data set.
        settings: What decides the arrays besides the raw files; scenes made with others are redone.
        workers: Processes; all cores by default.

    Returns:
        What became of each scene, in order. Failed scenes have no files and no entry.

    Raises:
        ValueError: There are no scenes, two have one name, `workers` is below 1, or `out` is a file.
    """
    workers = (os.cpu_count() or 1) if workers is None else workers
    root = Path(out)
    _check(scenes, root, workers)
    settings = {'dataset': dataset.name, **settings}
    sweep_layout(root, TICKETS)
    tickets = {it.name: finished_scene(root, it.name, settings) for it in scenes}
    kept = {name for name, ticket in tickets.items() if ticket is not None}
    todo = [scene for scene in scenes if scene.name not in kept]
    attempts = each_of_many(_Preparation(read, root, settings), todo, _told_name, workers)
    sweep_layout(root, TICKETS)  # of processes that were killed
    failures = {}
    for scene, attempt in zip(todo, attempts):
        tickets[scene.name] = None if attempt.failure else finished_scene(root, scene.name, settings)
        if tickets[scene.name] is None:
            failures[scene.name] = attempt.failure or f'{_told_name(scene)}: its files were removed'
            with suppress(OSError):
                forget_scene(root, scene.name)
    for split in dict.fromkeys(scene.split for scene in scenes):
        own = [tickets[scene.name] for scene in scenes if scene.split == split]
        told = [ticket['info'] for ticket in own if ticket is not None]
        entries = [{**info, 'sample_idx': number} for number, info in enumerate(told)]
        write_info_file(root, dataset.name, split, dataset.boxes, entries, dataset.metainfo)
        write_seg_info(root, dataset.name, split, entries)
    outcomes = [_outcome(scene, tickets[scene.name], scene.name in kept, failures) for scene in scenes]
    print_log(summary(outcomes, root), 'current')
    return outcomes


def exit_status(prepare: Callable[..., list[Outcome]], **arguments: Any) -> int:
    """Run a preparation for a command line: 0 if every scene is prepared, else 1, with the reason logged."""
    try:
        outcomes = prepare(**arguments)
    except (ValueError, OSError) as error:
        print_log(f'the data set is not prepared: {error}', 'current', logging.ERROR)
        return 1
    return int(any(it.state == 'failed' for it in outcomes))


def summary(outcomes: Sequence[Outcome], root: Path) -> str:
    """A table with a row for each split, then the notes and failures by scene."""
    states = ('prepared', 'kept', 'failed')
    rows = [['split', 'scenes', *states, 'points']]
    for split in (*dict.fromkeys(it.scene.split for it in outcomes), 'all'):
        own = [it for it in outcomes if split in ('all', it.scene.split)]
        counts = [sum(it.state == state for it in own) for state in states]
        rows.append([split, len(own), *counts, f'{sum(it.num_points for it in own):,}'])
    lines = [f'prepared data set in {root}', AsciiTable(rows).table]
    lines += [f'note: {note}' for it in outcomes if it.state != 'failed' for note in it.notes]
    lines += [f'failed: {note}' for it in outcomes if it.state == 'failed' for note in it.notes]
    return '\n'.join(lines)


@dataclass(frozen=True)
class _Preparation:
    """Prepares one scene."""

    read: Callable[[RawScene], IndoorScene]
    root: Path
    settings: dict

    def __call__(self, scene: RawScene) -> None:
        forget_scene(self.root, scene.name)
        finish_scene(self.root, scene.name, self.read(scene), self.settings)


def _told_name(scene: RawScene) -> str:
    return f'scene {scene.name}'


def _outcome(scene: RawScene, ticket: dict | None, kept: bool, failures: dict[str, str]) -> Outcome:
    if ticket is None:
        return Outcome(scene, 'failed', 0, (failures[scene.name],))
    notes = tuple(f'scene {scene.name}: {note}' for note in ticket['notes'])
    return Outcome(scene, 'kept' if kept else 'prepared', ticket['num_points'], notes)


def _check(scenes: Sequence[RawScene], root: Path, workers: int) -> None:
    if root.exists() and not root.is_dir():
        raise ValueError(f'out must be a folder, got the file {root}')
    if workers < 1:
        raise ValueError(f'workers must be at least 1, got {workers}')
    if not scenes:
        raise ValueError('scenes must not be empty: nothing was found to prepare')
    twice = [name for name, count in Counter(scene.name for scene in scenes).items() if count > 1]
    if twice:
        raise ValueError(f'scenes must have names of their own, got twice: {", ".join(twice)}')
