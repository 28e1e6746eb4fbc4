"""Checks of the lists that describe a network stage by stage."""

from __future__ import annotations

from collections.abc import Sequence


def check_stage_lists(
    channels: Sequence[int],
    num_heads: Sequence[int],
    window_sizes: Sequence[int],
    quant_size: int,
    depths: Sequence[int] | None = None,
) -> None:
    """Raise ValueError unless the per-stage lists agree in length and hold values a stage can be built of."""
    lists = dict(channels=channels, num_heads=num_heads, window_sizes=window_sizes)
    if depths is not None:
        lists['depths'] = depths
    lengths = {name: len(values) for name, values in lists.items()}
    if len(set(lengths.values())) != 1 or len(channels) < 2:
        raise ValueError(
            f'{", ".join(lists)} must have one entry per stage, at least 2; got lengths {lengths}'
        )
    for name, values in lists.items():
        if min(values) < 1:
            raise ValueError(f'{name} must be positive, got {list(values)}')
    for width, heads in zip(channels, num_heads):
        if width % heads:
            raise ValueError(
                'channels must be divisible by num_heads stage by stage, '
                f'got {list(channels)} and {list(num_heads)}'
            )
    if quant_size < 1:
        raise ValueError(f'quant_size must be at least 1, got {quant_size}')
