"""Domain-modulated contextual relative signal encoding: tables of window attention, scaled per condition.

Under a condition the terms of each signal's tables T are scaled at head h,

    logit = q . k + sum over signals of s_h (q . T_q + k . T_k)
    value = v + sum over signals of s'_h T_v

which multiplies the tables before the attention reads them.

Source: arXiv 2402.14215 names a domain-modulated cRSE. Only its abstract was at hand: the formula is this
    package's own.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from ...structures import Prompt
from .conditions import check_conditions, required_prompt
from .decoupled_module import shared_modules
from .window_attention import WindowAttention


class TableScales(nn.Module):
    """Scales of a block's tables, for every condition, signal and head one of logits and one of values.

    A scale is 1 plus a learned offset that starts at 0: a fresh one leaves the tables as they are, to the
    bit, and weight decay draws every condition towards the shared tables.

    Args:
        num_signals: S, the number of signals.
        num_heads: H.
        conditions: Names of the conditions.
    """

    def __init__(self, num_signals: int, num_heads: int, conditions: Sequence[str]) -> None:
        super().__init__()
        self.offsets = nn.ParameterDict(
            {condition: nn.Parameter(torch.zeros(2, num_signals, num_heads)) for condition in conditions}
        )

    def forward(self, tables: Sequence[Tensor], prompt: Prompt | None) -> list[Tensor]:
        """Scale ``3 S`` tables of ``(3, rows, H, D)``: those of queries, then of keys, then of values.

        Raises:
            ValueError: If there is no prompt.
        """
        scales = 1 + self.offsets[required_prompt(prompt).condition]
        scales = torch.cat([scales[:1], scales]).flatten(0, 1)  # queries and keys share one
        return [table * scale[:, None] for table, scale in zip(tables, scales)]

    def _load_from_state_dict(self, state_dict: dict, prefix: str, *args: Any) -> None:
        """Start at 1 where the weights are those of a network without scales."""
        if not any(key.startswith(f'{prefix}offsets.') for key in state_dict):
            fresh = {f'{prefix}offsets.{name}': torch.zeros_like(own) for name, own in self.offsets.items()}
            state_dict.update(fresh)
        super()._load_from_state_dict(state_dict, prefix, *args)


def add_table_scales(network: nn.Module, conditions: Sequence[str]) -> list[TableScales]:
    """Give every window attention of ``network`` scales of its tables, in place.

    Attentions that are kept once per condition have tables of their own and get none.

    Returns:
        The scales; none where the network has no tables.

    Raises:
        ValueError: If conditions repeat or cannot name a module.
    """
    check_conditions(conditions)
    found = [module for _, module in shared_modules(network) if isinstance(module, WindowAttention)]
    for attention in found:
        attention.table_scales = TableScales(len(attention.signals), attention.num_heads, conditions)
    return [attention.table_scales for attention in found]
