"""What a config and a checkpoint hold for inference: classes and pipeline."""

from __future__ import annotations

import logging
from collections.abc import Mapping

from mmdet3d.registry import DATASETS
from mmengine.config import Config, ConfigDict
from mmengine.logging import print_log

from ..datasets.class_choice import choose_classes
from ..datasets.wrapped_settings import innermost_dataset
from ..visualization import distinct_colors

POINT_READERS = ('LoadColoredPoints', 'LoadPointsFromFile', 'LoadNormals', 'GlobalAlignment')
"""Transforms that read a scene's points and bring them into the frame in which boxes are predicted.

What else a test pipeline does with points, such as moving a scene to the origin, is the network's business.
"""
LABEL_READERS = (
    'LoadSceneAnnotations',
    'LoadAnnotations3D',
    'MapSemanticLabels',
    'PointSegClassMapping',
)
"""Transforms that read a scene's labels from files."""


def class_names(
    meta: dict, config: Config, num_classes: int | None
) -> tuple[tuple[str, ...], tuple[tuple[int, ...], ...]]:
    """Class names and palette of a model: the checkpoint's, else those of the config's test data set.

    Names of another number than the head's classes are not the model's and are passed over, with a warning.
    Where none are left the classes are named by their numbers, which is logged.

    Args:
        meta: The checkpoint's meta.
        config: The config.
        num_classes: Classes of the model's head; None where it does not say.
    """
    dataset = _test_dataset(config)
    sources = {'checkpoint': stated_classes(meta.get('dataset_meta') or {})}
    sources['config'] = _classes_of_dataset(dataset)
    for source, (names, palette) in sources.items():
        if not names:
            continue
        if num_classes is None or len(names) == num_classes:
            return names, palette or distinct_colors(len(names))
        print_log(
            f'the {source} names {len(names)} classes and the model has {num_classes}: they are not its own',
            logger='current',
            level=logging.WARNING,
        )
    if num_classes is None:
        raise ValueError('neither the checkpoint nor the config names classes, and the head has no number')
    print_log(
        f'neither the checkpoint nor the config names the {num_classes} classes: they are written as numbers',
        logger='current',
        level=logging.WARNING,
    )
    return tuple(map(str, range(num_classes))), distinct_colors(num_classes)


def _classes_of_dataset(settings: Mapping) -> tuple[tuple[str, ...], tuple[tuple[int, ...], ...]]:
    """Names and palette that a data set's config states; empty where its info file alone has them."""
    if not settings:
        return (), ()
    stated = settings.get('metainfo') or {}
    kind = DATASETS.get(settings.get('type', ''))
    known = getattr(kind, 'METAINFO', {})
    if not stated.get('classes') and not known.get('classes'):
        return (), ()
    choice = choose_classes(stated, known)
    return choice.names, choice.palette


def stated_classes(metainfo: Mapping) -> tuple[tuple[str, ...], tuple[tuple[int, ...], ...]]:
    """Names and palette of a data set's meta; no palette where it is of other classes.

    Raises:
        ValueError: If they are no texts and no colours.
    """
    try:
        names, palette = tuple(metainfo.get('classes') or ()), metainfo.get('palette')
        palette = () if palette is None else palette
        palette = tuple(tuple(int(channel) for channel in color) for color in palette)
    except (AttributeError, TypeError, ValueError, OverflowError) as error:
        raise ValueError(f'dataset_meta must have classes and their palette: {error}') from error
    if not all(isinstance(name, str) for name in names):
        raise ValueError(f'dataset_meta must name its classes by texts, got {str(names)[:100]}')
    return names, palette if len(palette) == len(names) else ()


def test_pipeline(config: Config) -> list[dict]:
    """The transforms of the config's test data set.

    Raises:
        ValueError: When there are none.
    """
    pipeline = _test_dataset(config).get('pipeline') or config.get('test_pipeline')
    if not pipeline:
        raise ValueError('config: expected a test pipeline in test_dataloader.dataset.pipeline, found none')
    return pipeline


def predicting_model(settings: ConfigDict) -> ConfigDict:
    """The settings of the segmentor or detector itself, out of a method around it, such as `PPT`."""
    while isinstance(settings.get('model'), Mapping):
        settings = settings['model']
    return settings


def _test_dataset(config: Config) -> Mapping:
    """The test data set's config, out of its wrappers; empty where there is none."""
    return innermost_dataset((config.get('test_dataloader') or {}).get('dataset') or {})
