"""Folding of prompts: the network without them under one condition, or without embeddings under all."""

from __future__ import annotations

from collections.abc import Sequence

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


@torch.no_grad()
def decoupled_state_dict(network: nn.Module, prompts: Sequence[Prompt]) -> dict[str, Tensor]:
    """Weights of the network that keeps a norm per condition, without embeddings, and gives the same outputs.

    Args:
        network: A network with prompts, see :func:`use_prompt_norms`.
        prompts: One of each condition.

    Returns:
        The state dict of the network with ``decoupled=True, prompt_channels=None``; modules that are kept
        once per condition and scales of tables stay as they are.
    """
    weights = network.state_dict()
    for name, module in network.named_modules():
        if isinstance(module, PromptNorm):
            weights = _without(weights, f'{name}.')
            for prompt in prompts:
                norm = module.fold(prompt).state_dict()
                weights.update(
                    {f'{name}.norms.{prompt.condition}.{key}': value for key, value in norm.items()}
                )
    return weights


def _without(weights: dict[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {key: value for key, value in weights.items() if not key.startswith(prefix)}
