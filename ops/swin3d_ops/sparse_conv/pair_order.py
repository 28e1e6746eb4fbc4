"""The order of a kernel map's pairs: by offset, then by output row."""

from __future__ import annotations

import torch

from .row_blocks import repeated_offsets


def sort_targets(
    source: torch.Tensor, target: torch.Tensor, ptr: torch.Tensor, num_targets: int
) -> tuple[torch.Tensor, torch.Tensor]:
    """Order pairs by target under each offset; pairs of sorted voxels already are.

    Args:
        source: (P,) int32 input rows, offset by offset.
        target: (P,) int32 output rows.
        ptr: (K + 1,) int64 bounds of the offsets.
        num_targets: Output rows M.

    Returns:
        The two lists in order; pairs of one target and offset stay as they were.
    """
    key = repeated_offsets(ptr, len(target)) * num_targets + target
    if not key.is_cuda and (key[1:] >= key[:-1]).all():  # a look at a GPU would have to wait for it
        return source.contiguous(), target.contiguous()
    order = torch.sort(key, stable=True).indices
    return source[order], target[order]


def reversed_places(ptr: torch.Tensor, num_pairs: int) -> torch.Tensor:
    """Return (P,) int64 where each pair is taken from when the offsets of a mirrored map change their order.

    Offset K - 1 - k has as many pairs as offset k, so their bounds (K + 1,) stay. Nothing waits for a GPU.
    """
    offset = repeated_offsets(ptr, num_pairs)
    other = len(ptr) - 2 - offset
    return torch.arange(num_pairs, device=ptr.device) + (ptr[other] - ptr[offset])
