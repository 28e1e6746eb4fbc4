"""Config files: find one of this package by name, installed or not; stretch the training of one."""

from __future__ import annotations

import ast
import difflib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mmengine.config import Config, ConfigDict

from ..datasets.wrapped_settings import LOADERS
from ..shipped_models import PREFIX

_PACKAGE = Path(__file__).resolve().parents[1]


def config_folders() -> list[Path]:
    """The folders that hold this package's configs: of the checkout, of the wheel, those there are."""
    checkout = _PACKAGE.parent
    folders = [_PACKAGE / '.mim' / 'configs']
    # Beside an installed package lies site-packages, where a folder `configs` may be anyone's.
    if (checkout / 'pyproject.toml').is_file():
        folders.insert(0, checkout / 'configs')
    return [folder for folder in folders if folder.is_dir()]


def find_config(name: str | os.PathLike) -> Path:
    """The path of a config file.

    Args:
        name: A path; or a path below the config folder, such as `swin3d/swin3d-tiny_rooms-seg.py`; or
            the file name alone, with or without `.py`. `swin3d_mmdet3d::` may stand before the last two.

    Raises:
        ValueError: When there is no such file; names that resemble it are told.
    """
    if not isinstance(name, (str, os.PathLike)):
        raise TypeError(f'config: expected a path or a name, got {type(name).__name__}')
    text = os.fspath(name)
    path = Path(text[len(PREFIX) :] if text.startswith(PREFIX) else text)
    # unlike Path.is_file this bears names that no file can have
    if os.path.isfile(path):
        return path
    below = path if path.suffix == '.py' or not path.name else path.with_name(f'{path.name}.py')
    for folder in config_folders():
        if os.path.isfile(folder / below):
            return folder / below
        alone = below.parent == Path('.')
        found = [file for file in sorted(folder.rglob('*.py')) if alone and file.name == below.name]
        if found:
            return found[0]
    meant = difflib.get_close_matches(below.stem, config_names(), n=3)
    cure = f'did you mean {" or ".join(meant)}?' if meant else '`mim search swin3d_mmdet3d` lists the names'
    raise ValueError(f'config {text}: no such file, and no config of this package has that name; {cure}')


def config_names() -> list[str]:
    """The names of this package's configs, bases left out."""
    files = (path for folder in config_folders()[:1] for path in folder.rglob('*.py'))
    return sorted(path.stem for path in files if '_base_' not in path.parts)


def read_config_file(name: str | os.PathLike, data_root: str | os.PathLike | None = None) -> Config:
    """The config of a file, or of a name.

    Args:
        name: The file, or the name of a config of this package.
        data_root: Folder of the data, instead of that of the config, see :func:`set_data_root`.

    Raises:
        ValueError: When there is no such config, or it or a base of it cannot be read; the file and, where
            it is known, the line are named.
    """
    path = find_config(name)
    try:
        config = Config.fromfile(path)
    except SyntaxError as error:
        raise ValueError(f'config {path}, line {error.lineno}: {error.msg}') from error
    except FileNotFoundError as error:
        raise ValueError(f'config {path}: its _base_ {error.filename or error} is no file') from error
    except (AttributeError, KeyError, MemoryError, NameError, OSError, RuntimeError, TypeError) as error:
        raise ValueError(f'config {path}: {type(error).__name__}: {error}') from error
    if data_root:
        set_data_root(config, data_root)
    return config


def set_iterations(config: Config, iters: int) -> None:
    """Shorten or stretch a training by iterations and all that changes with them alike.

    Raises:
        ValueError: If ``iters`` is no whole number above zero, or the config does not train by iterations.
    """
    if isinstance(iters, bool) or not isinstance(iters, int) or not 1 <= iters < 2**63:
        raise ValueError(f'iterations: expected a whole number above zero, got {iters!r:.60}')
    training, schedulers = config.get('train_cfg'), config.get('param_scheduler', [])
    _check_iterations('train_cfg', training, 'max_iters', least=1)
    if not isinstance(schedulers, list):
        raise ValueError(f'config: expected a list param_scheduler, got {schedulers!r:.60}')
    for scheduler in schedulers:
        _check_iterations('param_scheduler', scheduler, 'begin')
        _check_iterations('param_scheduler', scheduler, 'end')
    factor = iters / training.max_iters
    training.max_iters = iters
    for scheduler in schedulers:
        begin = round(scheduler['begin'] * factor)
        end = max(begin + 1, round(scheduler['end'] * factor))
        scheduler.update(begin=begin, end=end)
        if 'T_max' in scheduler:
            scheduler.T_max = end - begin
    for hook in config.get('custom_hooks', []):
        if hook['type'] == 'ValueScheduleHook':
            end = max(1, round(hook['end'] * factor))
            hook.update(warmup=min(end - 1, round(hook.get('warmup', 0) * factor)), end=end)


def _check_iterations(name: str, settings: Any, key: str, least: int = 0) -> None:
    number = settings.get(key) if isinstance(settings, dict) else None
    if isinstance(number, bool) or not isinstance(number, int) or not least <= number < 2**63:
        raise ValueError(f'config: expected {name} with a number of iterations {key}, got {settings!r:.100}')


def set_data_root(config: Config, data_root: str | os.PathLike) -> None:
    """Let the data sets of all loaders lie in one folder.

    A data set that its config places beside the others, such as 'data/s3dis/../scannet/', then lies beside
    the new folder: '<data_root>/../scannet/'.

    Args:
        config: A config, changed in place; data sets without a `data_root` stay as they are.
        data_root: The folder.

    Raises:
        TypeError: If this, or the folder of a data set, is no path.
    """
    if not isinstance(data_root, (str, os.PathLike)):
        raise TypeError(f'data_root: expected a path, got {type(data_root).__name__}')
    config.data_root = str(data_root)
    for loader in LOADERS:
        for dataset in data_sets(config.get(loader)):
            if dataset.get('data_root') is not None:
                if not isinstance(dataset.data_root, str):
                    raise TypeError(
                        f'data_root of a data set: expected a text, got {dataset.data_root!r:.60}'
                    )
                aside = _step_aside(dataset.data_root)
                dataset.data_root = os.path.join(config.data_root, aside) if aside else config.data_root


def restates_data_root(path: str | os.PathLike) -> bool:
    """Whether a config file, or one that it is based on, gives another ``data_root`` than its bases.

    The data sets of its loaders are those of the bases and do not follow by themselves.
    """
    bases = _base_files(Path(path))
    own = Config.fromfile(path).get('data_root')
    roots = {Config.fromfile(base).get('data_root') for base in bases} - {None}
    return bool(roots) and own not in roots or any(restates_data_root(base) for base in bases)


def _base_files(path: Path) -> list[Path]:
    """The files of ``_base_`` of a Python file, without those of other packages."""
    if path.suffix != '.py':
        return []
    for node in ast.parse(path.read_text()).body:
        if isinstance(node, ast.Assign) and getattr(node.targets[0], 'id', '') == '_base_':
            names = ast.literal_eval(node.value)
            names = [names] if isinstance(names, str) else names
            own = [find_config(name) for name in names if name.startswith(PREFIX)]
            return own + [path.parent / name for name in names if '::' not in name]
    return []


def data_sets(settings: Any) -> Iterator[ConfigDict]:
    """The data sets themselves of a loader's settings, out of what repeats, joins or balances them."""
    if not settings:
        return
    if not isinstance(settings, dict):
        raise ValueError(f'config: expected the settings of a data set, got {settings!r:.60}')
    inner = [settings.get('dataset'), *settings.get('datasets', ())]
    if any(inner):
        for part in inner:
            yield from data_sets(part)
    else:
        yield settings


def _step_aside(data_root: str) -> str:
    """The '../<name>/' at the end of a path that has a folder before it, or nothing."""
    head, _, name = data_root.rstrip('/').rpartition('/../')
    return f'../{name}/' if head.strip('./') and '/' not in name else ''
