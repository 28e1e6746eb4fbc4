"""Class names of the data sets of a config, and whether all parts of a run mean the same classes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mmdet3d.registry import DATASETS
from torch import nn

from .class_choice import choose_classes
from .scene_infos import SceneInfos, info_paths
from .wrapped_settings import innermost_dataset

NAMES_TOLD = 8


def class_names_of(settings: Mapping[str, Any]) -> tuple[str, ...] | None:
    """The class names of a data set's config, without building it.

    Args:
        settings: Config of a data set or of a loader, perhaps with wrappers around the data set.

    Returns:
        The names; None where the data set states none, or joins data sets of different classes.

    Raises:
        ValueError: As :func:`choose_classes`, or an info file that holds the names cannot be read.
    """
    settings = innermost_dataset(settings)
    if 'datasets' in settings:
        joined = {class_names_of(part) for part in settings['datasets']}
        return joined.pop() if len(joined) == 1 else None
    kind, metainfo = DATASETS.get(settings.get('type', '')), settings.get('metainfo') or {}
    known = getattr(kind, 'METAINFO', {})
    is_stated = metainfo.get('classes') or known.get('classes')
    if not is_stated and kind is not None and issubclass(kind, SceneInfos):
        known = kind.known_classes(info_paths(settings.get('ann_file', ''), settings.get('data_root')))
        is_stated = known.get('classes')
    if not is_stated:
        return None
    return choose_classes(metainfo, known).names


def head_classes(model: nn.Module) -> int | None:
    """Number of classes of a segmentor's or detector's head; None where it has no such number."""
    model = getattr(model, 'module', model)
    for name in ('decode_head', 'bbox_head'):
        number = getattr(getattr(model, name, None), 'num_classes', None)
        if isinstance(number, int):
            return number
    return None


def check_class_agreement(
    loaders: Mapping[str, Mapping[str, Any] | None], num_classes: int | None
) -> tuple[str, ...] | None:
    """Check that all data sets of a run have the same classes in the same order, as many as the head.

    Args:
        loaders: Name, such as ``'train_dataloader'``, to the loader's config; None is passed over.
        num_classes: Classes of the model's head; None where it has no such number.

    Returns:
        The names; None where no data set states any.

    Raises:
        ValueError: One error with the classes of every part, if they differ.
    """
    names = {name: class_names_of(settings) for name, settings in loaders.items() if settings}
    names = {name: classes for name, classes in names.items() if classes is not None}
    stated = set(names.values())
    counts = {len(classes) for classes in stated}
    if len(stated) <= 1 and (num_classes is None or not counts or counts == {num_classes}):
        return stated.pop() if stated else None
    parts = [f'{name} has {len(classes)} ({_told(classes)})' for name, classes in names.items()]
    if num_classes is not None:
        parts.append(f"the model's head has {num_classes}")
    raise ValueError(
        'classes must be the same in head, metainfo and data sets, got: '
        + '; '.join(parts)
        + '. Set metainfo=dict(classes=...) of every data set, '
        'and num_classes (label2level of TR3D) of the head'
    )


def _told(classes: tuple[str, ...]) -> str:
    more = f', and {len(classes) - NAMES_TOLD} more' if len(classes) > NAMES_TOLD else ''
    return ', '.join(map(str, classes[:NAMES_TOLD])) + more
