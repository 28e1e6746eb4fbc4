"""The original Swin3DUNet in this package's terms: its constructor's arguments."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from torch import Tensor

OFFICIAL_SIGNALS = {'XYZ': 'xyz', 'RGB': 'rgb', 'NORM': 'normal'}
FEATURE_SETS = {
    3: ('rgb',),
    6: ('rgb', 'offset'),
    9: ('rgb', 'normal', 'offset'),
}
"""Input features of the released recipes by their number of channels."""


def official_model_cfg(
    depths: Sequence[int],
    channels: Sequence[int],
    num_heads: Sequence[int],
    window_sizes: Sequence[int],
    quant_size: int,
    drop_path_rate: float = 0.2,
    up_k: int = 3,
    num_layers: int = 5,
    num_classes: int = 13,
    stem_transformer: bool = True,
    first_down_stride: int = 2,
    upsample: str = 'linear',
    knn_down: bool = True,
    in_channels: int = 6,
    cRSE: str = 'XYZ_RGB',
    fp16_mode: int = 0,
    voxel_size: float = 0.02,
) -> dict[str, Any]:
    """Config of a ``VoxelSegmentor`` equal to the original ``Swin3DUNet`` of the same arguments.

    ``mmdet3d.registry.MODELS`` builds it, and each part of it, in any scope: types name their own.
    Arguments keep their original names and defaults; ``voxel_size`` in metres is the preprocessor's.
    ``fp16_mode`` chose the precision of the original's kernels; the kernels here accumulate in float32 under
    any autocast, so it is checked and changes nothing.

    Raises:
        ValueError: If an argument is out of range or lists differ in length.

    Source: Swin3D/models/Swin3D.py of github.com/microsoft/Swin3D (arXiv 2304.06906).
    """
    lists = dict(depths=depths, channels=channels, num_heads=num_heads, window_sizes=window_sizes)
    for name, values in lists.items():
        if len(values) != num_layers:
            raise ValueError(f'{name} must have num_layers = {num_layers} entries, got {list(values)}')
    if upsample not in ('linear', 'linear_attn'):
        raise ValueError(f"upsample must be 'linear' or 'linear_attn', got {upsample!r}")
    if fp16_mode not in (0, 1, 2):
        raise ValueError(f'fp16_mode must be 0, 1 or 2, got {fp16_mode!r}')
    signals = signals_of(cRSE)
    sizes = dict(
        channels=list(channels),
        num_heads=list(num_heads),
        window_sizes=list(window_sizes),
        quant_size=quant_size,
        signals=signals,
    )
    return dict(
        type='mmdet3d.VoxelSegmentor',
        data_preprocessor=dict(
            type='mmdet3d.VoxelPreprocessor',
            voxel_size=voxel_size,
            features=FEATURE_SETS.get(in_channels, ('rgb', 'offset')),
            signals=signals,
        ),
        backbone=dict(
            type='mmdet3d.Swin3D',
            in_channels=in_channels,
            depths=list(depths),
            down_stride=first_down_stride,
            knn_down=knn_down,
            stem_transformer=stem_transformer,
            drop_path_rate=drop_path_rate,
            out_indices=tuple(range(num_layers)),
            **sizes,
        ),
        neck=dict(type='mmdet3d.Swin3DDecoder', attention=upsample == 'linear_attn', up_k=up_k, **sizes),
        decode_head=dict(type='mmdet3d.VoxelSegHead', in_channels=channels[0], num_classes=num_classes),
    )


def signals_of(cRSE: str) -> tuple[str, ...]:
    """Signal names of a cRSE string such as 'XYZ_RGB_NORM'; 'XYZ' is mandatory."""
    parts = cRSE.split('_')
    unknown = [part for part in parts if part not in OFFICIAL_SIGNALS]
    if unknown or 'XYZ' not in parts or len(set(parts)) != len(parts):
        raise ValueError(
            f"cRSE must join distinct parts of {list(OFFICIAL_SIGNALS)} by '_' and include XYZ, got {cRSE!r}"
        )
    return tuple(OFFICIAL_SIGNALS[part] for part in OFFICIAL_SIGNALS if part in parts)


def infer_official_arguments(weights: Mapping[str, Tensor]) -> dict[str, Any]:
    """Arguments of the original network that a state dict (original names, no prefix) belongs to.

    Strides, ``up_k`` and stochastic depth leave no trace in weights and keep their defaults.

    Raises:
        ValueError: If the encoder's weights do not describe a Swin3D.
    """
    try:
        return _infer(weights)
    except (LookupError, ArithmeticError, StopIteration, TypeError, ValueError) as error:
        raise ValueError(f'the weights do not describe a Swin3D encoder: {error!r}') from error


def _infer(weights: Mapping[str, Tensor]) -> dict[str, Any]:
    stem_transformer = 'stem_layer.conv_layers.0.kernel' in weights
    stem = weights[
        'stem_layer.conv_layers.0.kernel' if stem_transformer else 'stem_layer.0.conv_layers.0.kernel'
    ]
    stages = sorted({int(key.split('.')[1]) for key in weights if key.startswith('layers.')})
    blocks = [[key for key in weights if key.startswith(f'layers.{i}.blocks.')] for i in stages]
    depths = [len({key.split('.')[3] for key in keys}) for keys in blocks]
    tables = [weights[f'layers.{i}.blocks.0.attn.query_xyz_table'] for i in stages]
    first = f'layers.{stages[0]}.blocks.0.attn.query_'
    cRSE = '_'.join(part for part in OFFICIAL_SIGNALS if f'{first}{part.lower()}_table' in weights)
    extra = [weights[f'{first}{part.lower()}_table'] for part in ('RGB', 'NORM') if part in cRSE]
    quant_size = extra[0].shape[1] // 8 if extra else 4
    attention = any(key.startswith('upsamples.0.block.') for key in weights)
    if not stem_transformer:  # the finest level has attention in the decoder alone
        finest = f'upsamples.{len(stages) - 1}.block.blocks.0.attn.query_xyz_table'
        tables.insert(0, weights.get(finest, tables[0][:, :, :1]))
        depths.insert(0, 1)
    channels = [table.shape[2] * table.shape[3] for table in tables]
    channels[0] = stem.shape[2]
    head = weights.get('classifier.3.weight')
    return dict(
        depths=depths,
        channels=channels,
        num_heads=[table.shape[2] for table in tables],
        window_sizes=[table.shape[1] // (2 * quant_size) for table in tables],
        quant_size=quant_size,
        num_layers=len(tables),
        num_classes=13 if head is None else head.shape[0],
        stem_transformer=stem_transformer,
        upsample='linear_attn' if attention else 'linear',
        knn_down='layers.0.downsample.norm.weight' in weights,
        in_channels=stem.shape[1],
        cRSE=cRSE,
    )
