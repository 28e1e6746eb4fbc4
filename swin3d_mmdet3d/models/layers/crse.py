r"""Contextual relative signal encoding (cRSE): signals of tokens, quantised, and the rows of their tables.

For each axis a of the signals (place in the window, colour, normal) the pair of query i and key j reads row

    floor(s_i[a] - s_j[a] + L_a / 2)    clamped to 0 .. L_a - 1

of the learned query, key and value tables, where s is the signal in units of table rows (bins).

Source: arXiv 2304.06906, section 3.2; WindowAttention of Swin3D/modules/swin3d_layers.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from swin3d_ops import WindowIndex
from torch import Tensor

from swin3d_mmdet3d.structures import SIGNAL_CHANNELS, SparseVoxels

TABLE_NAMES = {'xyz': 'xyz', 'rgb': 'rgb', 'normal': 'norm'}
"""Name of each signal inside the parameters of the original network."""


@dataclass(frozen=True, eq=False)
class AttentionWindows:
    """Which voxels attend to each other, and what the encoding knows of them; read by every block of a stage.

    Attributes:
        index: The partition of the N voxels into windows.
        signals: ``(N, S)`` float, S = 3 x number of signals, in bins.
    """

    index: WindowIndex
    signals: Tensor


def check_signals(signals: Sequence[str]) -> tuple[str, ...]:
    """Return ``signals`` as a tuple after checking that they are distinct, known and include 'xyz'."""
    signals = tuple(signals)
    unknown = set(signals) - set(SIGNAL_CHANNELS)
    if unknown or len(set(signals)) != len(signals) or 'xyz' not in signals:
        raise ValueError(
            f"signals must be distinct names out of {tuple(SIGNAL_CHANNELS)} and include 'xyz', got {signals}"
        )
    return signals


def table_rows(signal: str, window_size: int, quant_size: int) -> int:
    """Rows of one axis of a table: positions differ by up to the window, colours and normals by up to 2."""
    return 2 * window_size * quant_size if signal == 'xyz' else 8 * quant_size


def attention_windows(
    voxels: SparseVoxels, window_size: int, shift: int, quant_size: int, signals: Sequence[str]
) -> AttentionWindows:
    """Partition voxels into (shifted) windows and quantise their signals.

    A position counts from the corner of its window: the cell of the voxel plus the place of its
    representative point inside the cell, so that tokens of a window lie in ``[0, window_size)`` cells.

    Args:
        voxels: N voxels that carry every one of ``signals``.
        window_size: Edge of a window in cells of this level.
        shift: Offset of the windows in cells: 0, or ``window_size // 2`` in every second block.
        quant_size: Bins per cell; colours and normals have twice as many bins per unit.
        signals: Names of the signals, in the order of the tables.

    Raises:
        ValueError: If ``voxels`` lacks a signal.
    """
    missing = [name for name in signals if name not in voxels.signals]
    if missing:
        raise ValueError(f'voxels must carry the signals {tuple(signals)}, got {tuple(voxels.signals)}')
    index = voxels.windows(window_size, shift)
    columns = []
    for name in signals:
        signal = voxels.signals[name]
        if name == 'xyz':
            inner = (signal - voxels.coords[:, 1:]) / voxels.stride
            columns.append((index.cell + inner) * quant_size)
        else:
            columns.append(signal * (2 * quant_size))
    return AttentionWindows(index, torch.cat(columns, dim=1))
