"""What a config and a checkpoint hold for inference: strictly matching weights, classes and pipeline."""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping

import torch
from mmdet3d.registry import DATASETS
from mmengine.config import Config
from mmengine.logging import print_log
from mmengine.runner.checkpoint import CheckpointLoader

from swin3d_mmdet3d.datasets.class_choice import choose_classes, distinct_colors
from swin3d_mmdet3d.datasets.wrapped_settings import innermost_dataset
from swin3d_mmdet3d.finite_values import check_finite_weights, first_names


def load_strictly(model: torch.nn.Module, state: dict, source: str) -> None:
    """Load weights into a model that has exactly these keys and shapes.

    Args:
        model: the model.
        state: its state dict.
        source: where the weights come from, for the message.

    Raises:
        ValueError: naming the keys that are missing, unknown or of another shape, or whose values are NaN or
            infinite; the model is then unchanged.
    """
    own = model.state_dict()
    problems = {
        'missing': [key for key in own if key not in state],
        'unknown': [key for key in state if key not in own],
        'of another shape': [key for key in own if key in state and own[key].shape != state[key].shape],
    }
    if any(problems.values()):
        told = '; '.join(
            f'{len(keys)} {kind}: {first_names(keys)}' for kind, keys in problems.items() if keys
        )
        raise ValueError(f'{source} is a checkpoint of another model than the config: {told}')
    check_finite_weights(state, source)
    model.load_state_dict(state, strict=True)


def read_checkpoint(checkpoint: str | os.PathLike) -> tuple[dict, dict]:
    """State dict and meta of a checkpoint file.

    Raises:
        ValueError: when there is no such file or it holds no weights.
    """
    try:
        content = CheckpointLoader.load_checkpoint(str(checkpoint), map_location='cpu')
    except FileNotFoundError as error:
        raise ValueError(f'checkpoint {checkpoint}: no such file') from error
    if not isinstance(content, dict):
        raise ValueError(f'checkpoint {checkpoint}: expected a dict, got {type(content).__name__}')
    state = content.get('state_dict', content)
    tensors = {key: value for key, value in state.items() if isinstance(value, torch.Tensor)}
    if not tensors:
        raise ValueError(
            f'checkpoint {checkpoint}: it holds no weights, only {first_names([*map(str, content)])}'
        )
    # Models trained on several GPUs carry the name of their wrapper.
    state = {key.removeprefix('module.'): value for key, value in tensors.items()}
    return state, content.get('meta', {})


def class_names(
    meta: dict, config: Config, num_classes: int | None
) -> tuple[tuple[str, ...], tuple[tuple[int, ...], ...]]:
    """Class names and palette of a model: the checkpoint's, else those of the config's test data set.

    Names of another number than the head's classes are not the model's and are passed over, with a warning.
    Where none are left the classes are named by their numbers, which is logged.

    Args:
        meta: the checkpoint's meta.
        config: the config.
        num_classes: classes of the model's head; None where it does not say.
    """
    dataset = _test_dataset(config)
    sources = {'checkpoint': _stated_classes(meta.get('dataset_meta') or {})}
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


def _stated_classes(metainfo: Mapping) -> tuple[tuple[str, ...], tuple[tuple[int, ...], ...]]:
    names, palette = tuple(metainfo.get('classes') or ()), metainfo.get('palette') or ()
    palette = tuple(tuple(int(channel) for channel in color) for color in palette)
    return names, palette if len(palette) == len(names) else ()


def test_pipeline(config: Config) -> list[dict]:
    """The transforms of the config's test data set.

    Raises:
        ValueError: when there are none.
    """
    pipeline = _test_dataset(config).get('pipeline') or config.get('test_pipeline')
    if not pipeline:
        raise ValueError('config: expected a test pipeline in test_dataloader.dataset.pipeline, found none')
    return pipeline


def _test_dataset(config: Config) -> Mapping:
    """The test data set's config, out of its wrappers; empty where there is none."""
    return innermost_dataset((config.get('test_dataloader') or {}).get('dataset') or {})
