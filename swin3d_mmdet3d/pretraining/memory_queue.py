"""A queue of the latest keys, as negatives for more queries than a batch has."""

from __future__ import annotations

import torch
from mmengine.dist import all_gather
from torch import Tensor, nn
from torch.nn.functional import normalize


class MemoryQueue(nn.Module):
    """The K keys that were pushed last, over all processes; the oldest give way.

    It starts with random unit rows, and is in the checkpoint, since a resumed training needs it.

    Args:
        size: Number of keys K.
        channels: Width of a key.

    Attributes:
        rows: ``(K, C)`` float32 unit rows.

    Raises:
        ValueError: If ``size`` is not positive.

    Source: arXiv 1911.05722 (MoCo), section 3.2.
    """

    def __init__(self, size: int, channels: int) -> None:
        super().__init__()
        if size < 1:
            raise ValueError(f'size must be at least 1, got {size}')
        self.register_buffer('rows', normalize(torch.randn(size, channels), dim=1))
        self.register_buffer('place', torch.zeros((), dtype=torch.int64))

    @torch.no_grad()
    def push(self, keys: Tensor) -> None:
        """Take the place of the oldest rows.

        Args:
            keys: ``(N, C)``, of any number, as many in every process; they are scaled to unit length.
        """
        keys = torch.cat(all_gather(normalize(keys.detach().float(), dim=1)))
        size = len(self.rows)
        place = (self.place + torch.arange(len(keys), device=keys.device))[-size:] % size
        # not in place: a graph that was built with the rows still needs them
        self.rows = self.rows.index_copy(0, place, keys[-size:])
        self.place = (self.place + len(keys)) % size
