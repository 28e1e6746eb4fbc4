"""Domain-specific modules: parts of a network that are kept once per condition."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Sequence
from typing import Any

from torch import nn

from ...structures import Prompt, SparseVoxels
from .conditions import check_conditions, replace_module, required_prompt, take_plain_weights


class DecoupledModule(nn.Module):
    """One copy of a module per condition; a call goes to the copy of the condition that its voxels carry.

    Fresh copies are equal, so that every condition starts as the plain module.

    Args:
        module: The plain module that this one stands for. Networks may only call it, with
            :class:`SparseVoxels` among the arguments, alone or in a level ``(feats, voxels)``.
        conditions: Names of the conditions.

    Source: arXiv 2402.14215 names a domain-specific initial feature embedding. Only its abstract was at
        hand: that weights and statistics of the whole stem are kept apart is this package's reading.
    """

    def __init__(self, module: nn.Module, conditions: Sequence[str]) -> None:
        super().__init__()
        self.copies = nn.ModuleDict({condition: copy.deepcopy(module) for condition in conditions})

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """Call the copy of the condition; arguments and result are the plain module's own.

        Raises:
            ValueError: If no argument holds voxels, or they carry no prompt.
        """
        prompt = required_prompt(_voxels_of([*args, *kwargs.values()]).prompt)
        return self.copies[prompt.condition](*args, **kwargs)

    def fold(self, prompt: Prompt) -> nn.Module:
        """The plain module that does the same for one condition."""
        return copy.deepcopy(self.copies[prompt.condition])

    def _load_from_state_dict(self, state_dict: dict, prefix: str, *args: Any) -> None:
        """Take the weights of a plain module for every condition."""
        take_plain_weights(state_dict, prefix, 'copies', self.copies)
        super()._load_from_state_dict(state_dict, prefix, *args)

    def __getattr__(self, name: str) -> Any:
        """Say why an attribute of the plain module, which the copies need not share, cannot be read."""
        copies = self.__dict__.get('_modules', {}).get('copies')
        if name != 'copies' and copies is not None and hasattr(next(iter(copies.values())), name):
            kind = type(next(iter(copies.values()))).__name__
            raise AttributeError(
                f'{kind} cannot be kept once per condition: the network reads its {name!r} beside calling it'
            )
        return super().__getattr__(name)


def _voxels_of(arguments: Sequence[Any]) -> SparseVoxels:
    for argument in arguments:
        for value in argument if isinstance(argument, tuple) else (argument,):
            if isinstance(value, SparseVoxels):
                return value
    raise ValueError(
        'a module that is kept once per condition must be called with SparseVoxels, '
        f'got {[type(argument).__name__ for argument in arguments]}'
    )


def decouple_modules(
    network: nn.Module, names: Sequence[str], conditions: Sequence[str]
) -> list[DecoupledModule]:
    """Replace modules of ``network`` by a :class:`DecoupledModule` each, in place.

    Args:
        network: A backbone or neck.
        names: Names of its modules, none inside another.
        conditions: Names of the conditions, distinct.

    Returns:
        The new modules.

    Raises:
        ValueError: If a name is no module that can be called, lies inside another, or conditions do not fit.
    """
    check_conditions(conditions)
    known = dict(network.named_modules())
    unknown = [name for name in names if not name or name not in known]
    if unknown:
        raise ValueError(
            f'modules must name modules of {type(network).__name__}, for example '
            f'{tuple(name for name, _ in network.named_children())}, got {unknown}'
        )
    lists = [name for name in names if isinstance(known[name], (nn.ModuleList, nn.ModuleDict))]
    if lists:
        raise ValueError(f'modules must be called by the network, got {lists}, which only hold others')
    inside = [name for name in names if any(name.startswith(f'{outer}.') for outer in names)]
    if inside or len(set(names)) != len(names):
        raise ValueError(f'modules must be distinct and none inside another, got {tuple(names)}')
    decoupled = []
    for name in names:
        decoupled.append(DecoupledModule(known[name], conditions))
        replace_module(network, name, decoupled[-1])
    return decoupled


def shared_modules(network: nn.Module) -> Iterator[tuple[str, nn.Module]]:
    """Name and module of all that conditions share: ``named_modules`` but for what lies in their copies."""
    copies: list[str] = []
    for name, module in network.named_modules():
        if not name.startswith(tuple(copies)):
            yield name, module
        if isinstance(module, DecoupledModule):
            copies.append(f'{name}.')
