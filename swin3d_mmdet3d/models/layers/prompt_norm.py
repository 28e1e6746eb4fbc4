"""Prompt-driven normalisation: the norms of a network, made to depend on the condition of the batch."""

from __future__ import annotations

import copy
import re
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from ...structures import Prompt, SparseVoxels
from .conditions import check_conditions, replace_module, required_prompt, take_plain_weights
from .decoupled_module import shared_modules
from .norms import BatchNorm, LayerNorm, RowNorm

NORMS = (LayerNorm, BatchNorm)
PLAIN_NORMS = (nn.LayerNorm, nn.BatchNorm1d)


class PromptNorm(nn.Module):
    """A norm with its own statistics and affine parameters, or its own scale and shift, per condition.

    ``y = norm_c(x) * (1 + scale) + shift`` with ``(shift, scale) = Linear(SiLU(embedding_c))``. The linear
    layer starts at zero, so that a fresh norm equals the plain one exactly.

    Args:
        norm: The plain norm that this one stands for; its parameters and statistics start every condition.
        conditions: Names of the conditions.
        decoupled: One copy of the norm per condition, instead of one for all.
        prompt_channels: Width of the embedding for adaptive scale and shift, or None for none.

    Source: arXiv 2308.09718, section 4.1; PDBatchNorm of SpUNet-v1m3 in github.com/Pointcept/Pointcept, whose
        released configurations do not start the linear layer at zero.
    """

    def __init__(
        self,
        norm: nn.Module,
        conditions: Sequence[str],
        decoupled: bool = True,
        prompt_channels: int | None = None,
    ) -> None:
        super().__init__()
        self.conditions = tuple(conditions)
        self.decoupled = decoupled
        keys = self.conditions if decoupled else ('shared',)
        self.norms = nn.ModuleDict({key: copy.deepcopy(norm) for key in keys})
        self.modulation: nn.Linear | None = None
        if prompt_channels is not None:
            self.modulation = nn.Linear(prompt_channels, 2 * norm.weight.numel())
            nn.init.zeros_(self.modulation.weight)
            nn.init.zeros_(self.modulation.bias)

    def forward(self, feats: Tensor, voxels: SparseVoxels) -> Tensor:
        """Normalise ``(N, C)`` features under the condition that their voxels carry.

        Raises:
            ValueError: If they carry none.
        """
        prompt = required_prompt(voxels.prompt)
        feats = self.norm_of(prompt.condition)(feats, voxels)
        if self.modulation is None:
            return feats
        shift, scale = self._modulate(prompt.embedding)
        return feats * (1 + scale) + shift

    def of_rows(self, voxels: SparseVoxels) -> RowNorm:
        """The parameters of the layer norm that does the same under the condition of ``voxels``.

        Raises:
            ValueError: If they carry none.
        """
        prompt = required_prompt(voxels.prompt)
        weight, bias, eps = self.norm_of(prompt.condition).of_rows(voxels)
        if self.modulation is None:
            return RowNorm(weight, bias, eps)
        shift, scale = self._modulate(prompt.embedding)
        return RowNorm(weight * (1 + scale), bias * (1 + scale) + shift, eps)

    def norm_of(self, condition: str) -> nn.Module:
        """The norm that serves a condition."""
        return self.norms[condition if self.decoupled else 'shared']

    @torch.no_grad()
    def fold(self, prompt: Prompt) -> nn.Module:
        """The plain norm that does the same for one condition."""
        norm = copy.deepcopy(self.norm_of(prompt.condition))
        if self.modulation is not None:
            shift, scale = self._modulate(prompt.embedding)
            norm.weight.mul_(1 + scale)
            norm.bias.mul_(1 + scale).add_(shift)
        return norm

    def _modulate(self, embedding: Tensor) -> tuple[Tensor, Tensor]:
        # Autocast would round 1 + scale to 8 bits, of which a small scale keeps none.
        with torch.autocast(embedding.device.type, enabled=False):
            active = nn.functional.silu(embedding.to(self.modulation.weight.dtype))
            shift, scale = self.modulation(active).chunk(2)
        return shift, scale

    def _load_from_state_dict(self, state_dict: dict, prefix: str, *args: Any) -> None:
        """Take the weights of a plain norm for every condition."""
        take_plain_weights(state_dict, prefix, 'norms', self.norms)
        super()._load_from_state_dict(state_dict, prefix, *args)


def use_prompt_norms(
    network: nn.Module,
    conditions: Sequence[str],
    decoupled: bool = True,
    prompt_channels: int | None = None,
    exclude: str | None = None,
) -> list[PromptNorm]:
    """Replace every norm of ``network`` by a :class:`PromptNorm`, in place.

    Norms inside a :class:`DecoupledModule` are kept once per condition already and stay plain.

    Args:
        network: A backbone or neck whose norms are :class:`LayerNorm` and :class:`BatchNorm`.
        conditions: Names of the conditions, distinct.
        decoupled: See :class:`PromptNorm`.
        prompt_channels: See :class:`PromptNorm`.
        exclude: Regular expression; norms whose name it finds stay plain.

    Returns:
        The new norms.

    Raises:
        ValueError: If conditions repeat, a condition cannot name a module, neither form is chosen, or the
            network has no norm to replace, or one that is not called with voxels.
    """
    check_conditions(conditions)
    if not decoupled and prompt_channels is None:
        raise ValueError(
            'decoupled must be True where prompt_channels is None, or no norm sees the condition'
        )
    found = [
        (name, module)
        for name, module in shared_modules(network)
        if isinstance(module, PLAIN_NORMS) and not (exclude and re.search(exclude, name))
    ]
    foreign = [name for name, module in found if not isinstance(module, NORMS)]
    if foreign or not found:
        raise ValueError(
            'network must have norms that are called with voxels, LayerNorm or BatchNorm of models.layers, '
            f'got {type(network).__name__} with {foreign or "none"}'
        )
    norms = []
    for name, module in found:
        if module.weight is None:
            raise ValueError(f'norm {name} must have affine parameters for prompt-driven normalisation')
        norm = PromptNorm(module, conditions, decoupled, prompt_channels)
        replace_module(network, name, norm)
        norms.append(norm)
    return norms
