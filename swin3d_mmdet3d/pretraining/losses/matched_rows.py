"""What losses of matched rows take."""

from __future__ import annotations

from torch import Tensor


def check_rows(query: Tensor, key: Tensor, pairs: tuple[Tensor, Tensor] | None) -> None:
    """Check queries ``(N, C)``, keys ``(M, C)`` and the rows ``(K,)`` of either that match.

    Raises:
        ValueError: If the shapes do not fit; without ``pairs`` there must be a key for each query.
    """
    shapes = tuple(query.shape), tuple(key.shape)
    if query.ndim != 2 or key.ndim != 2 or query.shape[1] != key.shape[1]:
        raise ValueError(f'query and key must be (N, C) and (M, C), got {shapes[0]} and {shapes[1]}')
    if pairs is None and len(query) != len(key):
        raise ValueError(f'query and key must be (N, C) without pairs, got {shapes[0]} and {shapes[1]}')
    if pairs is not None and (pairs[0].ndim != 1 or pairs[0].shape != pairs[1].shape):
        raise ValueError(
            f'pairs must be rows (K,) and (K,), got {tuple(pairs[0].shape)} and {tuple(pairs[1].shape)}'
        )
