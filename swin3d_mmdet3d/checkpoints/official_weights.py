"""Weights of the original Swin3D in both directions: names, kernel layouts, axes and table sizes.

Original name                                  here
``stem_layer.conv_layers.0.kernel``            ``backbone.stem_layer.conv_layers.0.weight``
``stem_layer.conv_layers.1.bn.*``              ``backbone.stem_layer.conv_layers.1.*``
``layers.*``, ``downsample.*``                 ``backbone.layers.*``, ``backbone.downsample.*``
``upsamples.*``                                ``neck.upsamples.*``
``classifier.*``                               ``decode_head.classifier.*``
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

import torch
from mmdet3d.registry import MODELS
from torch import Tensor

from ..finite_values import check_finite_weights
from .official_network import infer_official_arguments, official_model_cfg

PREFIXES = {
    'stem_layer.': 'backbone.stem_layer.',
    'layers.': 'backbone.layers.',
    'downsample.': 'backbone.downsample.',
    'upsamples.': 'neck.upsamples.',
    'classifier.': 'decode_head.classifier.',
}
"""What weights of a part begin with: in the original -> in a ``VoxelSegmentor``."""
WRAPPERS = ('module.', 'backbone.')
BATCH_NORM = re.compile(r'^(stem_layer\.(?:\d\.)?(?:conv_layers\.1|norm[12]))\.bn\.')
CONVOLUTION = re.compile(r'^stem_layer\.(?:\d\.)?(?:conv_layers\.0|conv[12])\.')

Shape = tuple


@dataclass(frozen=True)
class ConversionReport:
    """What became of each weight; shapes as tuples.

    Attributes:
        matched: Converted name -> shape.
        dropped: Name in the file -> reason.
        missing: Weight of the network that the file does not hold -> shape.
        encoder_share: Fraction of the encoder's weights that were matched.
    """

    matched: dict[str, Shape]
    dropped: dict[str, str]
    missing: dict[str, Shape]
    encoder_share: float


def convert_official(
    state_dict: Mapping[str, Tensor],
    min_encoder_share: float = 0.9,
) -> tuple[dict[str, Tensor], ConversionReport]:
    """Convert weights of the original network, of its task repository or of Pointcept's port.

    The network is read off the weights themselves; weights that it needs and the file lacks are reported as
    missing, those that it has no place for or that disagree in shape as dropped.

    Args:
        state_dict: Names with or without the prefixes 'module.' and 'backbone.'.
        min_encoder_share: Least fraction of the encoder's weights that must be found.

    Returns:
        The state dict of a ``VoxelSegmentor`` and the report.

    Raises:
        ValueError: If no encoder weight is found, fewer than ``min_encoder_share`` of them match, this is no
            fraction, or a weight is NaN.
        TypeError: If a value is not a tensor.
    """
    if not (isinstance(min_encoder_share, (int, float)) and 0 <= min_encoder_share <= 1):
        raise ValueError(f'min_encoder_share must be a fraction in [0, 1], got {min_encoder_share!r}')
    weights = strip_prefixes(state_dict)
    if not any(key.startswith('layers.') for key in weights):
        raise ValueError(
            'no key of a Swin3D encoder (stem_layer.*, layers.*) in the state dict, '
            f'got {list(state_dict)[:3]} and {max(0, len(state_dict) - 3)} more'
        )
    expected = _expected_shapes(weights)
    converted: dict[str, Tensor] = {}
    dropped: dict[str, str] = {}
    for key, value in weights.items():
        name, tensor = _to_ours(key, value)
        if name not in expected:
            dropped[key] = 'no such weight in the network'
        elif tuple(tensor.shape) != expected[name]:
            dropped[key] = f'shape {tuple(tensor.shape)}, the network has {expected[name]}'
        else:
            converted[name] = tensor
    missing = {name: shape for name, shape in expected.items() if name not in converted}
    share = _encoder_share(converted, expected)
    if share < min_encoder_share:
        raise ValueError(
            f'only {share:.0%} of the encoder was matched (at least {min_encoder_share:.0%} expected); '
            f'missing {[name for name in missing if name.startswith("backbone.")][:5]}, '
            f'dropped {list(dropped)[:5]}'
        )
    matched = {name: tuple(tensor.shape) for name, tensor in converted.items()}
    return converted, ConversionReport(matched, dropped, missing, share)


def convert_to_official(state_dict: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Names and layouts of the original network for the weights of a ``VoxelSegmentor``.

    Raises:
        ValueError: If a weight has no place in the original network, or is NaN or infinite.
        TypeError: If a value is not a tensor.
    """
    _check_weights(state_dict)
    prefixes = {ours: theirs for theirs, ours in PREFIXES.items()}
    official = {}
    for name, tensor in state_dict.items():
        prefix = next((ours for ours in prefixes if name.startswith(ours)), None)
        if prefix is None:
            raise ValueError(f'state_dict has {name!r}, which the original network does not know')
        key = prefixes[prefix] + name[len(prefix) :]
        if CONVOLUTION.match(key):
            key, tensor = key.replace('.weight', '.kernel'), kernel_from_spconv(tensor)
        elif key.startswith('stem_layer.'):
            owner, _, leaf = key.rpartition('.')
            key = f'{owner}.bn.{leaf}'
        official[key] = tensor
    return official


def strip_prefixes(state_dict: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The weights under the original network's own names, checked to be finite tensors."""
    _check_weights(state_dict)
    weights = {}
    for name, value in state_dict.items():
        while name.startswith(WRAPPERS):
            name = name.split('.', 1)[1]
        weights[name] = value
    return weights


def _check_weights(state_dict: Mapping[str, Tensor]) -> None:
    for key, value in state_dict.items():
        if not isinstance(value, Tensor):
            raise TypeError(f'state_dict must map names to tensors, got {type(value).__name__} for {key!r}')
    check_finite_weights(state_dict, 'state_dict')


def kernel_to_spconv(kernel: Tensor) -> Tensor:
    """MinkowskiEngine ``(K^3, C_in, C_out)``, x fastest, to spconv ``(C_out, K_x, K_y, K_z, C_in)``."""
    edge = round(len(kernel) ** (1 / 3))
    if kernel.ndim != 3 or edge**3 != len(kernel):
        raise ValueError(f'kernel must be (K^3, C_in, C_out), got {tuple(kernel.shape)}')
    return kernel.view(edge, edge, edge, *kernel.shape[1:]).permute(4, 2, 1, 0, 3).contiguous()


def kernel_from_spconv(weight: Tensor) -> Tensor:
    """Inverse of :func:`kernel_to_spconv`."""
    if weight.ndim != 5:
        raise ValueError(f'weight must be (C_out, K, K, K, C_in), got {tuple(weight.shape)}')
    return weight.permute(3, 2, 1, 4, 0).flatten(0, 2).contiguous()


def _to_ours(key: str, value: Tensor) -> tuple[str, Tensor]:
    prefix = next((theirs for theirs in PREFIXES if key.startswith(theirs)), None)
    if prefix is None:
        return key, value
    if CONVOLUTION.match(key) and key.endswith('.kernel') and value.ndim == 3:
        key, value = key.replace('.kernel', '.weight'), kernel_to_spconv(value)
    key = BATCH_NORM.sub(r'\1.', key)
    return PREFIXES[prefix] + key[len(prefix) :], value


def _expected_shapes(weights: Mapping[str, Tensor]) -> dict[str, Shape]:
    """Shapes of the network that the weights describe, without parts of which the file holds nothing."""
    with torch.device('meta'):
        model = MODELS.build(official_model_cfg(**infer_official_arguments(weights)))
    present = {ours for theirs, ours in PREFIXES.items() if any(key.startswith(theirs) for key in weights)}
    return {
        name: tuple(tensor.shape)
        for name, tensor in model.state_dict().items()
        if name.startswith(tuple(present)) or name.startswith('backbone.')
    }


def _encoder_share(converted: Mapping[str, Tensor], expected: Mapping[str, Shape]) -> float:
    encoder = [name for name in expected if name.startswith('backbone.')]
    return sum(name in converted for name in encoder) / len(encoder)
