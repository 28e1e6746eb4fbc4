"""What a config and a checkpoint hold for inference: strictly matching weights, classes and pipeline."""

from __future__ import annotations

import os
from collections.abc import Mapping

import torch
from mmdet3d.registry import DATASETS
from mmengine.config import Config
from mmengine.runner.checkpoint import CheckpointLoader

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
        told = '; '.join(f'{len(keys)} {kind}: {first_names(keys)}' for kind, keys in problems.items() if keys)
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
        raise ValueError(f'checkpoint {checkpoint}: it holds no weights, only {first_names([*map(str, content)])}')
    # Models trained on several GPUs carry the name of their wrapper.
    state = {key.removeprefix('module.'): value for key, value in tensors.items()}
    return state, content.get('meta', {})


def class_names(meta: dict, config: Config) -> tuple[tuple[str, ...], tuple[tuple[int, ...], ...]]:
    """Class names and palette: the checkpoint's, else those of the config's test data set.

    Raises:
        ValueError: when neither has both.
    """
    dataset = _test_dataset(config)
    registered = DATASETS.get(dataset.get('type', '')) if dataset else None
    sources = (meta.get('dataset_meta'), dataset.get('metainfo'), getattr(registered, 'METAINFO', None))
    for source in sources:
        if source and source.get('classes') and source.get('palette'):
            palette = tuple(tuple(int(channel) for channel in color) for color in source['palette'])
            return tuple(source['classes']), palette
    raise ValueError('neither the checkpoint nor the config names classes and palette')


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
