"""Converted weights against the network that is to load them, so that none is left out unnamed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import torch
from mmdet3d.registry import MODELS
from mmengine.config import Config
from torch import Tensor

from .official_weights import ConversionReport


def fit_to_config(
    weights: Mapping[str, Tensor], report: ConversionReport, config: Config
) -> tuple[dict[str, Tensor], ConversionReport]:
    """The weights that a config's model has a place for, and the report from its point of view.

    The original's loader leaves out tables of another window size without a word; here they are among the
    dropped, with both shapes, and the model's weights that stay untrained among the missing.

    Args:
        weights: Converted weights.
        report: Of their conversion.
        config: A config with a ``model``.

    Raises:
        ValueError: If not one weight fits its model.
    """
    with torch.device('meta'):
        model = MODELS.build(config.model)
    expected = {name: tuple(tensor.shape) for name, tensor in model.state_dict().items()}
    fitting: dict[str, Tensor] = {}
    dropped = dict(report.dropped)
    for name, tensor in weights.items():
        if name not in expected:
            dropped[name] = f'no such weight in the model of {config.filename}'
        elif tuple(tensor.shape) != expected[name]:
            dropped[name] = (
                f'shape {tuple(tensor.shape)}, the model of {config.filename} has {expected[name]}'
            )
        else:
            fitting[name] = tensor
    if not fitting:
        raise ValueError(
            f'config {config.filename} must have a model for these weights, got none with a place for any'
        )
    encoder = [name for name in expected if name.startswith('backbone.')]
    return fitting, replace(
        report,
        matched={name: tuple(tensor.shape) for name, tensor in fitting.items()},
        dropped=dropped,
        missing={name: shape for name, shape in expected.items() if name not in fitting},
        encoder_share=sum(name in fitting for name in encoder) / max(1, len(encoder)),
    )
