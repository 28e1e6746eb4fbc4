"""Concept features: learned queries that attend to the rows of each group, of any number."""

from __future__ import annotations

import torch
from mmdet3d.registry import MODELS
from mmengine.model import BaseModule
from torch import Tensor, nn


@MODELS.register_module()
class ConceptHead(BaseModule):
    """Multi-head cross-attention of K learned queries to each group's rows, and a projection of their mean.

    Rows are layer-normalised. Groups are of any size: the softmax runs over the rows of the own group, and
    nothing is padded. Computed in float32 whatever autocast says.

    Args:
        in_channels: Width of the rows.
        num_concepts: Learned queries K.
        channels: Width of queries and concepts.
        num_heads: Heads H, a divisor of ``channels``.
        out_channels: Width of the result.
        init_cfg: Initialisation config of mmengine.

    Raises:
        ValueError: If there is no query, or ``channels`` is not a multiple of ``num_heads``.

    Source: the abstract of arXiv 2212.08974 names cross-attention and concept features; the form is ours.
    """

    def __init__(
        self,
        in_channels: int,
        num_concepts: int,
        channels: int,
        num_heads: int,
        out_channels: int,
        init_cfg: dict | None = None,
    ) -> None:
        super().__init__(init_cfg)
        if num_concepts < 1:
            raise ValueError(f'num_concepts must be at least 1, got {num_concepts}')
        if num_heads < 1 or channels % num_heads:
            raise ValueError(f'channels must be a multiple of num_heads {num_heads}, got {channels}')
        self.num_heads = num_heads
        self.norm = nn.LayerNorm(in_channels)
        self.query = nn.Parameter(torch.empty(num_concepts, channels))
        self.key_value = nn.Linear(in_channels, 2 * channels)
        self.merge = nn.Linear(channels, channels)
        self.project = nn.Linear(channels, out_channels)
        nn.init.normal_(self.query)

    def forward(self, rows: Tensor, group: Tensor, num_groups: int) -> tuple[Tensor, Tensor]:
        """Attend and project.

        Args:
            rows: ``(N, in_channels)``.
            group: ``(N,)`` int64, the group of each row.
            num_groups: Number of groups G.

        Returns:
            ``(G, out_channels)`` projected means of the concepts, and the concepts ``(G, K, channels)``. Of a
            group without rows they are those of a value of 0.
        """
        with torch.autocast(rows.device.type, enabled=False):
            query = self.query.view(len(self.query), self.num_heads, -1)
            per_head = (len(rows), 2, *query.shape[1:])
            key, value = self.key_value(self.norm(rows.float())).view(per_head).unbind(1)
            logits = torch.einsum('khd,nhd->nkh', query, key) * query.shape[-1] ** -0.5
            weights = group_softmax(logits, group, num_groups)
            weighted = weights[..., None] * value[:, None]
            attended = weighted.new_zeros(num_groups, *weighted.shape[1:]).index_add(0, group, weighted)
            concepts = self.merge(attended.flatten(2))
            return self.project(concepts.mean(dim=1)), concepts


def group_softmax(logits: Tensor, group: Tensor, num_groups: int) -> Tensor:
    """Softmax of ``(N, ...)`` logits over the rows of the same group.

    Args:
        logits: ``(N, ...)``.
        group: ``(N,)`` int64, the group of each row.
        num_groups: Number of groups.
    """
    shape = (num_groups, *logits.shape[1:])
    index = group.view(-1, *[1] * (logits.ndim - 1)).expand_as(logits)
    highest = logits.new_zeros(shape).scatter_reduce(0, index, logits.detach(), 'amax', include_self=False)
    raised = (logits - highest[group]).exp()
    return raised / raised.new_zeros(shape).index_add(0, group, raised)[group]
