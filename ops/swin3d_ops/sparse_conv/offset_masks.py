"""Which kernel offsets an output row meets, as bits: rows with the same ones can be computed side by side."""

from __future__ import annotations

import torch

WORD = 32
"""Offsets whose bits share an integer of a mask."""


def sort_masks(table: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the masks of the output rows, sorted, and their rows.

    Args:
        table: (K, M) int32, the input row of each output row under each offset, -1 for none.

    Returns:
        masks: (M, ceil(K / 32)) int32, bit k % 32 of word k // 32 for offset k.
        order: (M,) int32, the output row of each mask; ascending among equal ones.
    """
    words = []
    for present in (table >= 0).split(WORD):
        bits = torch.arange(len(present), device=present.device)
        word = (present.long() << bits[:, None]).sum(0)
        words.append(torch.where(word < 2**31, word, word - 2**32).int())
    masks = torch.stack(words, 1)
    order = torch.arange(len(masks), device=masks.device)
    for word in reversed(words):
        order = order[word[order].sort(stable=True).indices]
    return masks[order].contiguous(), order.int()
