"""The files that a run reads, looked for before anything is built."""

from __future__ import annotations

import difflib
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from mmengine.config import Config

from ..checkpoints.shipped_weights import check_checkpoint
from ..datasets.scene_infos import info_paths
from ..synthetic_rooms.domains import DOMAINS
from .config_files import data_sets

PREPARED_BY = {
    'S3DIS': 'prepare_s3dis',
    'ScanNet': 'prepare_scannet',
    'Structured3D': 'prepare_structured3d',
    'Custom': 'prepare_custom',
}
"""Beginning of a data set's type -> the tool that writes it."""
ROOMS = 'rooms'
"""In the name of the folder that `make_rooms` writes for a config."""
NEAR = 0.85  # likeness of two names from which on one is a typo of the other


def check_run_inputs(
    config: Config,
    loaders: Sequence[str],
    starts_anew: bool = False,
    option: str = '--cfg-options data_root=DIR',
) -> None:
    """Look for info files, and for checkpoints.

    Args:
        config: Of the run.
        loaders: Names of the loaders that the run uses, such as 'train_dataloader'.
        starts_anew: Whether the model is initialised, from checkpoints that it or the config names.
        option: What names another folder of the data on the command line.

    Raises:
        ValueError: Naming the file that is missing, and what makes it, or a work folder that is a file.
    """
    work_dir = config.get('work_dir')
    if work_dir and os.path.exists(work_dir) and not os.path.isdir(work_dir):
        raise ValueError(f'work_dir: expected a folder, got the file {work_dir}')
    for name in loaders:
        for dataset in data_sets(config.get(name)):
            _check_info_files(dataset, option)
    if not starts_anew:
        return
    for checkpoint in [config.get('load_from'), *_checkpoints(config.get('model') or {})]:
        if checkpoint:
            check_checkpoint(checkpoint, _student(config, checkpoint))


def check_options(config: Mapping[str, Any], options: Mapping[str, Any]) -> None:
    """Refuse options whose last word is no key of the config but nearly one.

    Args:
        config: The config before the options go into it.
        options: Dotted names and values.

    Raises:
        ValueError: With the name that was meant.
    """
    for name in options:
        *path, key = name.split('.')
        place: Any = config
        for part in path:
            is_row = isinstance(place, list) and part.isdigit() and int(part) < len(place)
            place = place[int(part)] if is_row else place.get(part) if isinstance(place, Mapping) else None
        if not isinstance(place, Mapping) or key in place:
            continue
        near = difflib.get_close_matches(key, list(place), n=1, cutoff=NEAR)
        if near:
            raise ValueError(
                f'--cfg-options {name}: the config has no such key; did you mean {".".join([*path, *near])}?'
            )


def _check_info_files(dataset: Mapping[str, Any], option: str) -> None:
    if not dataset.get('ann_file'):
        return
    for path in info_paths(dataset['ann_file'], dataset.get('data_root')):
        if '://' in path or os.path.isfile(path):
            continue
        told = f'info file {os.path.normpath(path)} is missing: {_maker(Path(path), dataset["type"])}'
        raise ValueError(f'{told}; {option} names another folder of the data')


def _maker(path: Path, kind: str) -> str:
    """What makes an info file of a data set of the type `kind`."""
    folder = path.parent
    beside = folder.parent.parent.name if folder.parent.name == '..' else ''  # other domains lie beside
    domain = path.name.partition('_infos')[0]
    if domain in DOMAINS and (ROOMS in folder.name or ROOMS in beside):
        out = os.path.normpath(folder)
        return f'`python -m swin3d_mmdet3d.tools.make_rooms --domain {domain} --out {out}` generates rooms'
    tool = next((tool for start, tool in PREPARED_BY.items() if kind.startswith(start)), None)
    return f'`python -m swin3d_mmdet3d.tools.{tool} --help` tells how it is made' if tool else 'prepare it'


def _checkpoints(settings: Any) -> Iterator[str]:
    """The checkpoint files that `init_cfg` of a model and its parts name."""
    if isinstance(settings, Mapping):
        if isinstance(settings.get('checkpoint'), str) and 'Pretrained' in str(settings.get('type', '')):
            yield settings['checkpoint']
        for value in settings.values():
            yield from _checkpoints(value)
    elif isinstance(settings, (list, tuple)):
        for value in settings:
            yield from _checkpoints(value)


def _student(config: Config, checkpoint: str) -> str:
    if checkpoint != config.get('student'):
        return ''
    return '; STUDENT=work_dirs/NAME/student.pth names that of a pretraining, STUDENT=none starts without one'
