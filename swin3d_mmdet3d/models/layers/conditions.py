"""What the modules share that depend on the condition of a batch: its names, its prompt, plain weights."""

from __future__ import annotations

from collections.abc import Sequence

from torch import nn

from ...structures import Prompt


def check_conditions(conditions: Sequence[str]) -> None:
    """Raise ValueError unless ``conditions`` are distinct names that modules can have."""
    if not conditions or len(set(conditions)) != len(conditions):
        raise ValueError(f'conditions must be distinct names, at least one, got {tuple(conditions)}')
    taken = nn.ModuleDict()
    wrong = [name for name in conditions if not name or '.' in name or hasattr(taken, name)]
    if wrong:
        raise ValueError(f'conditions must be names without dots that a module can have, got {wrong}')


def required_prompt(prompt: Prompt | None) -> Prompt:
    """The prompt that voxels carry.

    Raises:
        ValueError: If they carry none.
    """
    if prompt is None:
        raise ValueError(
            'voxels must carry a prompt for modules that depend on the condition, got none; '
            'PPT puts the condition of the batch there'
        )
    return prompt


def replace_module(root: nn.Module, name: str, module: nn.Module) -> None:
    """Put ``module`` in the place of the submodule called ``name``."""
    parent, _, child = name.rpartition('.')
    setattr(root.get_submodule(parent), child, module)


def take_plain_weights(state_dict: dict, prefix: str, place: str, copies: nn.ModuleDict) -> None:
    """Rename the weights of a plain module in ``state_dict`` to those of each of its ``copies``, in place.

    Args:
        state_dict: What a module at ``prefix`` is to load; weights that it has of a copy stay.
        prefix: Where the plain weights begin.
        place: Name of ``copies`` in the module at ``prefix``.
        copies: Modules like the plain one.
    """
    for name in list(next(iter(copies.values())).state_dict()):
        plain = state_dict.pop(prefix + name, None)
        if plain is not None:
            for key in copies:
                state_dict.setdefault(f'{prefix}{place}.{key}.{name}', plain)
