"""Info files: a pickle for each split, with a `metainfo` and an entry for each scene in `data_list`."""

from __future__ import annotations

import os
import pickle
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ...atomic_write import atomic_write
from ..class_lists import ClassList

INFO_VERSION = '1.1'


def scene_name(info: Mapping[str, Any]) -> str:
    """The name of a scene: its point file's name without ending."""
    return Path(info['lidar_points']['lidar_path']).stem


def read_info_file(path: str | os.PathLike) -> dict[str, Any]:
    """The content of a local info file: a whole pickle with ``metainfo`` and the scenes ``data_list``.

    Raises:
        ValueError: Naming the file, if it is missing, truncated or of another layout.
    """
    try:
        with open(path, 'rb') as file:
            infos = pickle.load(file)
    except FileNotFoundError:
        raise ValueError(f'info file {path} is missing') from None
    except (EOFError, pickle.UnpicklingError, UnicodeDecodeError, ValueError) as error:
        raise ValueError(f'info file {path} is truncated or not a pickle: {error}') from error
    if not isinstance(infos, dict) or not {'metainfo', 'data_list'} <= infos.keys():
        raise ValueError(f'info file {path} must hold a dict with metainfo and data_list')
    for index, info in enumerate(infos['data_list']):
        if 'lidar_path' not in info.get('lidar_points', {}):
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
