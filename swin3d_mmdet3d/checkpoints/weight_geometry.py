"""Changes of geometry in weights of the original network: y up to z up, and other window sizes.

All functions take and return state dicts under the original's names without prefix.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from swin3d_ops.arguments import check_int
from torch import Tensor

LARGEST_WINDOW = 1024
"""Voxels along the edge of a window; tables of larger ones would fill the memory."""
SWAP_YZ = [0, 2, 1]
STEM_KERNELS = ('stem_layer.conv_layers.0.kernel', 'stem_layer.0.conv_layers.0.kernel')
OFFSET_CHANNELS = {3: [0, 2, 1], 6: [0, 1, 2, 3, 5, 4], 9: [0, 1, 2, 3, 4, 5, 6, 8, 7]}
"""Input channels with the last two, y and z of the offset, exchanged."""


def swap_yz(weights: Mapping[str, Tensor], complete: bool = True) -> dict[str, Tensor]:
    """Exchange y and z, so that weights trained with y up serve scenes with z up (and back).

    Args:
        weights: Original names and layouts.
        complete: If False do what the original detection code does: exchange the offset channels of the
            stem and the axes of the position tables. If True exchange also the spatial axes of every stem
            kernel, the normals among the stem's inputs and the axes of the normal tables: only then is
            the network on exchanged axes exactly the original one.

    Raises:
        ValueError: If the stem's input channels are not 3, 6 or 9, or a table or kernel has another shape.

    Source: --weight_yz_shift of github.com/Yukichiii/Swin3D_Task (ObjectDet/FCAF3D) for the partial form.
    """
    swapped = dict(weights)
    for key, value in weights.items():
        if key.endswith('_xyz_table') or (complete and key.endswith('_norm_table')):
            swapped[key] = _position_table(key, value)[SWAP_YZ]
        elif key.startswith('stem_layer.') and key.endswith('.kernel'):
            _check_kernel(key, value)
            if key in STEM_KERNELS:
                value = value[:, _input_order(value.shape[1], complete)]
            swapped[key] = _swap_spatial(value) if complete else value
    return swapped


def resize_position_tables(weights: Mapping[str, Tensor], rows: Mapping[str, int]) -> dict[str, Tensor]:
    """Fit position tables to windows of another size by cropping or padding both ends alike.

    The middle row, position difference 0, stays the middle. Rows that are added repeat the outermost row.

    Args:
        weights: Original names and layouts.
        rows: Wanted number of rows an axis (2 x window size x quant_size) of each ``*_xyz_table``.

    Raises:
        ValueError: If a number of rows is odd, or a table has another shape.
    """
    resized = dict(weights)
    for key, wanted in rows.items():
        if wanted % 2:
            raise ValueError(f'rows of {key} must be even, got {wanted}')
        table = _position_table(key, weights[key])
        half, present = wanted // 2, table.shape[1] // 2
        index = torch.arange(-half, half, device=table.device) + present
        resized[key] = table[:, index.clamp(0, table.shape[1] - 1)]
    return resized


def position_table_rows(
    weights: Mapping[str, Tensor], window_sizes: Sequence[int], quant_size: int = 4
) -> dict[str, int]:
    """Rows that every position table needs for ``window_sizes``, one a level, fine to coarse.

    Raises:
        TypeError: If the sizes are no sequence of ints.
        ValueError: If a size is out of range, or there is not one for each level.
    """
    if not isinstance(window_sizes, Sequence):
        raise TypeError(f'window_sizes must be a sequence of ints, got {type(window_sizes).__name__}')
    for size in window_sizes:
        check_int('window_sizes', size, 1, LARGEST_WINDOW)
    num_levels = len(window_sizes)
    stages = sorted({int(key.split('.')[1]) for key in weights if key.startswith('layers.')})
    if len(stages) not in (num_levels, num_levels - 1):
        raise ValueError(f'window_sizes must have one entry per level, got {list(window_sizes)}')
    first = num_levels - len(stages)
    rows = {}
    for key in weights:
        if key.endswith('_xyz_table'):
            place = int(key.split('.')[1])
            level = place + first if key.startswith('layers.') else num_levels - 2 - place
            rows[key] = 2 * window_sizes[level] * quant_size
    return rows


def _position_table(key: str, table: Tensor) -> Tensor:
    if table.ndim != 4 or len(table) != 3 or not table.shape[1]:
        raise ValueError(f'{key} must be (3, R, H, D), got {tuple(table.shape)}')
    return table


def _check_kernel(key: str, kernel: Tensor) -> None:
    if kernel.ndim != 3 or round(len(kernel) ** (1 / 3)) ** 3 != len(kernel):
        raise ValueError(f'{key} must be (K^3, C_in, C_out), got {tuple(kernel.shape)}')


def _input_order(num_channels: int, complete: bool) -> list[int]:
    if num_channels not in OFFSET_CHANNELS:
        raise ValueError(f'the stem must have 3, 6 or 9 input channels, got {num_channels}')
    order = list(OFFSET_CHANNELS[num_channels])
    if complete and num_channels == 9:
        order[4], order[5] = order[5], order[4]
    return order


def _swap_spatial(kernel: Tensor) -> Tensor:
    """Exchange y and z of ``(K^3, C_in, C_out)``, index ``ix + K iy + K^2 iz``."""
    edge = round(len(kernel) ** (1 / 3))
    return kernel.view(edge, edge, edge, *kernel.shape[1:]).transpose(0, 1).flatten(0, 2)
