"""Folding of a prompt: the plain network that a prompted one is under one condition."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from ...structures import Prompt
from .decoupled_module import DecoupledModule
from .prompt_norm import PromptNorm
from .window_attention import WindowAttention


@torch.no_grad()
def folded_state_dict(network: nn.Module, prompt: Prompt) -> dict[str, Tensor]:
    """Weights of the plain network that gives the outputs of ``network`` for one condition.

    Norms, modules that are kept once per condition and scales of tables fold into their plain forms.

    Returns:
        The state dict of the network as it was before it was prompted.
    """
    plain = network.state_dict()
    for name, module in network.named_modules():
        if isinstance(module, (PromptNorm, DecoupledModule)):
            plain = _without(plain, f'{name}.')
            plain.update({f'{name}.{key}': value for key, value in module.fold(prompt).state_dict().items()})
        elif isinstance(module, WindowAttention) and module.table_scales is not None:
            plain = _without(plain, f'{name}.table_scales.')
            plain.update({f'{name}.{key}': table for key, table in module.named_tables(prompt).items()})
    return plain


def _without(weights: dict[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {key: value for key, value in weights.items() if not key.startswith(prefix)}
