"""Info files: a pickle for each split, with a `metainfo` and an entry for each scene in `data_list`."""

from __future__ import annotations

import os
import pickle
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from mmengine.fileio import get

from ...atomic_write import atomic_write
from ...plain_pickle import load_plain_pickle
from ..class_lists import ClassList

INFO_VERSION = '1.1'


def scene_name(info: Mapping[str, Any]) -> str:
    """The name of a scene: its point file's name without ending."""
    return Path(info['lidar_points']['lidar_path']).stem


def read_info_file(path: str | os.PathLike, backend_args: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """The content of an info file: a pickle of plain types and NumPy arrays, none of whose code runs.

    Args:
        path: The file.
        backend_args: Storage of mmengine's fileio; local by default.

    Returns:
        A dict with ``metainfo`` and the scenes ``data_list``.

    Raises:
        ValueError: Naming the file, if it is missing, damaged, of another layout, or names anything that is
            no plain type.
    """
    try:
        infos = load_plain_pickle(get(path, None if backend_args is None else dict(backend_args)))
    except FileNotFoundError:
        raise ValueError(f'info file {path} is missing') from None
    except ValueError as error:
        raise ValueError(f'info file {path} must be a pickle of plain types and arrays, {error}') from error
    kinds = dict(metainfo=dict, data_list=list)
    if not isinstance(infos, dict) or not all(isinstance(infos.get(key), kinds[key]) for key in kinds):
        raise ValueError(f'info file {path} must hold a dict with a dict metainfo and a list data_list')
    for index, info in enumerate(infos['data_list']):
        points = info.get('lidar_points') if isinstance(info, dict) else None
        if not isinstance(points, dict) or not isinstance(points.get('lidar_path'), str):
            raise ValueError(f'info file {path} has no lidar_points.lidar_path in entry {index}')
    return infos


def write_info_file(
    root: Path,
    dataset: str,
    split: str,
    boxes: ClassList,
    data_list: Sequence[dict],
    metainfo: Mapping[str, Any] | None = None,
) -> Path:
    """Write the info file of a split in the format of mmdet3d v2.

    Args:
        root: Folder of the data set.
        dataset: Name in the file's name and metainfo.
        split: Name of the split.
        boxes: Classes of the boxes.
        data_list: Entries of its scenes.
        metainfo: Further keys of the file's metainfo.

    Returns:
        The file.
    """
    categories = {name: label for label, name in enumerate(boxes.names)}
    metainfo = {
        'categories': categories,
        'dataset': dataset,
        'info_version': INFO_VERSION,
        **(metainfo or {}),
    }
    path = root / f'{dataset}_infos_{split}.pkl'
    with atomic_write(path) as part:
        part.write_bytes(pickle.dumps({'metainfo': metainfo, 'data_list': list(data_list)}, protocol=4))
    return path
