r"""Window attention with contextual relative signal encoding (cRSE), the blocks around it and their stages.

For each axis a of the signals (place in the window, colour, normal) the pair of query i and key j reads row

    floor(s_i[a] - s_j[a] + L_a / 2)    clamped to 0 .. L_a - 1

of the learned query, key and value tables, where s is the signal in units of table rows (bins).

Source: arXiv 2304.06906, sections 3.2 and 3.3; Swin3D/modules/swin3d_layers.py of microsoft/Swin3D.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import torch
from swin3d_ops import WindowIndex, row_linear, window_attention
from swin3d_ops.attention_layout import join_tables, split_heads
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from ...structures import SIGNAL_CHANNELS, Prompt, SparseVoxels, find_windows
from .feed_forward import FeedForward
from .norms import LayerNorm, RowNorm
from .stochastic_depth import branch_weights

TABLE_NAMES = {'xyz': 'xyz', 'rgb': 'rgb', 'normal': 'norm'}
"""Name of each signal inside the parameters of the original network."""

ROLES = ('query', 'key', 'value')


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
    if not isinstance(signals, Sequence) or not all(isinstance(name, str) for name in signals):
        raise TypeError(f'signals must be a sequence of names, got {signals!r:.100}')
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
    """Partition voxels into (shifted) windows and quantise their signals; found once for the same arguments.

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
    key = 'attention windows', window_size, shift, quant_size, tuple(signals)
    return voxels.kept(key, lambda: _find_windows(voxels, window_size, shift, quant_size, signals))


def _find_windows(voxels, window_size, shift, quant_size, signals) -> AttentionWindows:
    index = voxels.windows(window_size, shift)
    columns = []
    for name in signals:
        bins = voxels.kept((name, quant_size), partial(_bins_without_windows, voxels, name, quant_size))
        columns.append((index.cell + bins) * quant_size if name == 'xyz' else bins)
    return AttentionWindows(index, torch.cat(columns, dim=1))


def _bins_without_windows(voxels: SparseVoxels, name: str, quant_size: int) -> Tensor:
    """What regular and shifted windows share: the place within the cell in cells, other signals in bins."""
    signal = voxels.signals[name]
    if name == 'xyz':
        return (signal - voxels.coords[:, 1:]) / voxels.stride
    return signal * (2 * quant_size)


class WindowAttention(nn.Module):
    """Multi-head self-attention among the voxels of a window.

    Each signal has one query, key and value table of shape ``(3, rows, H, D)``, one row set per axis; by a
    :class:`TableScales` in ``table_scales`` they depend on the condition of the batch.

    Args:
        channels: C, the width of the features.
        num_heads: H; must divide ``channels``.
        window_size: Edge of a window in cells.
        quant_size: Table bins per cell.
        signals: Signals encoded in the attention; 'xyz' and any of 'rgb', 'normal'.

    Source: arXiv 2304.06906, section 3.2. As in the original code (not the paper's formula) the key
        table's term is not scaled by ``D ** -0.5``.
    """

    def __init__(
        self,
        channels: int,
        num_heads: int,
        window_size: int,
        quant_size: int = 4,
        signals: Sequence[str] = ('xyz', 'rgb'),
    ) -> None:
        super().__init__()
        if channels % num_heads:
            raise ValueError(f'channels must be divisible by num_heads, got {channels} and {num_heads}')
        self.num_heads = num_heads
        self.signals = check_signals(signals)
        rows = [table_rows(name, window_size, quant_size) for name in self.signals]
        self.table_rows = [r for r in rows for _ in range(3)]
        head_width = channels // num_heads
        for name, num_rows in zip(self.signals, rows):
            for role in ROLES:
                table = nn.Parameter(torch.empty(3, num_rows, num_heads, head_width))
                nn.init.trunc_normal_(table, std=0.02)
                self.register_parameter(f'{role}_{TABLE_NAMES[name]}_table', table)
        self.table_scales: nn.Module | None = None
        self.qkv = nn.Linear(channels, 3 * channels)
        self.proj = nn.Linear(channels, channels)

    def forward(
        self,
        feats: Tensor,
        windows: AttentionWindows,
        norm: RowNorm | None = None,
        residual: Tensor | None = None,
        row_weight: Tensor | None = None,
        prompt: Prompt | None = None,
    ) -> Tensor:
        """Attend within windows: ``(N, C) -> (N, C)``.

        Args:
            feats: ``(N, C)``.
            windows: The windows of the N voxels.
            norm: Parameters of a layer norm of ``feats``, or None for none.
            residual: ``(N, C)`` what the result is added to, or None.
            row_weight: ``(N,)`` factors of the result, or None for 1.
            prompt: The condition of the batch, read by ``table_scales`` alone.

        Raises:
            ValueError: If the tables have scales and ``prompt`` is None.
        """
        qkv = row_linear(feats, self.qkv.weight, self.qkv.bias, norm)
        heads = split_heads(qkv, self.num_heads)
        out = window_attention(*heads, *self.tables(prompt), windows.signals, self.table_rows, windows.index)
        proj = self.proj
        return row_linear(
            out.flatten(1), proj.weight, proj.bias, residual=residual, row_weight=row_weight
        )  # fmt: skip

    def tables(self, prompt: Prompt | None = None) -> tuple[Tensor, Tensor, Tensor]:
        """Query, key and value table, ``(R, H, D)`` each: the rows of all signals, axis after axis."""
        return join_tables(list(self.named_tables(prompt).values()))

    def named_tables(self, prompt: Prompt | None = None) -> dict[str, Tensor]:
        """Tables ``(3, rows, H, D)`` under a prompt, by their parameters' names: queries, keys, values."""
        names = [f'{role}_{TABLE_NAMES[name]}_table' for role in ROLES for name in self.signals]
        tables = [getattr(self, name) for name in names]
        scaled = tables if self.table_scales is None else self.table_scales(tables, prompt)
        return dict(zip(names, scaled))


class Swin3DBlock(nn.Module):
    """Pre-norm transformer block: ``x + Attention(LN(x))``, then ``x + FeedForward(LN(x))``.

    Args:
        channels: C, the width of the features.
        num_heads: H.
        window_size: Edge of a window in cells.
        quant_size: Table bins per cell.
        signals: Signals encoded in the attention.
        drop_path: Probability with which the stage around the block leaves out a branch at a voxel.
        with_cp: Keep nothing of the attention but its input for the backward pass, which computes it again.
            The feed-forward keeps its own alone anyhow.
    """

    def __init__(
        self,
        channels: int,
        num_heads: int,
        window_size: int,
        quant_size: int = 4,
        signals: Sequence[str] = ('xyz', 'rgb'),
        drop_path: float = 0.0,
        with_cp: bool = False,
    ) -> None:
        super().__init__()
        self.drop_path = drop_path
        self.with_cp = with_cp
        self.norm1 = LayerNorm(channels)
        self.attn = WindowAttention(channels, num_heads, window_size, quant_size, signals)
        self.norm2 = LayerNorm(channels)
        self.mlp = FeedForward(channels)

    def forward(
        self,
        feats: Tensor,
        voxels: SparseVoxels,
        windows: AttentionWindows,
        row_weights: Tensor | None = None,
    ) -> Tensor:
        """Refine ``(N, C)`` features of ``voxels`` within their ``windows``.

        Args:
            feats: ``(N, C)``.
            voxels: The N voxels.
            windows: Their windows.
            row_weights: ``(2, N)`` factors of the two branches at each voxel, or None for 1.
        """
        of_attention, of_mlp = (None, None) if row_weights is None else row_weights
        arguments = feats, voxels, windows, of_attention
        if self.with_cp and torch.is_grad_enabled():
            # a block draws no random numbers: its row weights are drawn outside
            feats = checkpoint(self._attend, *arguments, use_reentrant=False, preserve_rng_state=False)
        else:
            feats = self._attend(*arguments)
        return self.mlp(feats, self.norm2.of_rows(voxels), of_mlp)

    def _attend(
        self, feats: Tensor, voxels: SparseVoxels, windows: AttentionWindows, row_weight: Tensor | None
    ) -> Tensor:
        return self.attn(feats, windows, self.norm1.of_rows(voxels), feats, row_weight, voxels.prompt)


class WindowStage(nn.Module):
    """Swin3D blocks at one resolution; even blocks see regular windows, odd ones windows shifted by half.

    Both partitions are made once and shared by the blocks. There is no cyclic roll and no mask: shifted
    windows of sparse voxels are simply other windows.

    Args:
        channels: C, the width of the features.
        num_heads: H.
        window_size: Edge of a window in cells.
        quant_size: Table bins per cell.
        signals: Signals encoded in the attention.
        drop_paths: Stochastic depth of each block; its length is the number of blocks.
        with_cp: Activation checkpointing of each block.

    Source: arXiv 2304.06906, section 3.3; BasicLayer of Swin3D/modules/swin3d_layers.py.
    """

    def __init__(
        self,
        channels: int,
        num_heads: int,
        window_size: int,
        quant_size: int,
        signals: Sequence[str],
        drop_paths: Sequence[float],
        with_cp: bool = False,
    ) -> None:
        super().__init__()
        self.window_size = window_size
        self.quant_size = quant_size
        self.signals = tuple(signals)
        self.blocks = nn.ModuleList(
            Swin3DBlock(channels, num_heads, window_size, quant_size, signals, drop_path, with_cp)
            for drop_path in drop_paths
        )

    @property
    def shifts(self) -> list[int]:
        """Offsets of the windows of the first and the second block in cells; further blocks repeat them."""
        return [0, self.window_size // 2][: len(self.blocks)]

    def forward(self, feats: Tensor, voxels: SparseVoxels) -> Tensor:
        """Run the blocks: ``(N, C) -> (N, C)``."""
        find_windows((voxels, self.window_size, shift) for shift in self.shifts)
        windows = [
            attention_windows(voxels, self.window_size, shift, self.quant_size, self.signals)
            for shift in self.shifts
        ]
        rates = [block.drop_path if block.training else 0.0 for block in self.blocks]
        row_weights = branch_weights(rates, 2, feats)
        for i, block in enumerate(self.blocks):
            feats = block(feats, voxels, windows[i % 2], row_weights[i])
        return feats
