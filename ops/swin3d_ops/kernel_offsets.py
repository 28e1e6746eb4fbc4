"""The order of a cubic kernel's offsets, which weights, kernel maps and searches share: z fastest.

The k ** 3 offsets of a kernel of edge k count from -(k // 2) along each axis for odd k, which are centred,
and from 0 for even k, which reach towards higher coordinates. Offset number (a k + b) k + c lies at
(first + a, first + b, first + c): a weight of shape (..., k, k, k, ...) with its axes in the order x, y, z is
flattened in that order.
"""

from __future__ import annotations

import torch


def first_offset(kernel_size: int) -> int:
    """Return the lowest offset along an axis."""
    return -(kernel_size // 2) if kernel_size % 2 else 0


def kernel_offsets(kernel_size: int, device: torch.device | str = 'cpu') -> torch.Tensor:
    """Return all offsets in their order, (k ** 3, 3) int64."""
    steps = torch.arange(kernel_size, device=device) + first_offset(kernel_size)
    return torch.cartesian_prod(steps, steps, steps)


def offset_numbers(offset: torch.Tensor, kernel_size: int) -> torch.Tensor:
    """Return the number of each offset, the inverse of :func:`kernel_offsets`.

    Args:
        offset: (N, 3) int64 within the kernel.
        kernel_size: Edge k of the kernel.

    Returns:
        (N,) int64 in [0, k ** 3).
    """
    x, y, z = (offset - first_offset(kernel_size)).unbind(1)
    return (x * kernel_size + y) * kernel_size + z
