"""Prompts on the voxels of a batch, wherever in the inputs the voxels are."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from .prompt import Prompt
from .sparse_voxels import SparseVoxels


def with_prompt(inputs: Any, prompt: Prompt) -> Any:
    """The same inputs, with ``prompt`` on all voxels in nested dicts, lists, tuples and dataclasses."""
    if isinstance(inputs, SparseVoxels):
        return inputs.at_same_places(prompt=prompt)
    if isinstance(inputs, Mapping):
        return {name: with_prompt(value, prompt) for name, value in inputs.items()}
    if isinstance(inputs, (list, tuple)):
        values = [with_prompt(value, prompt) for value in inputs]
        return type(inputs)(*values) if hasattr(inputs, '_fields') else type(inputs)(values)
    if dataclasses.is_dataclass(inputs):
        fields = {f.name: with_prompt(getattr(inputs, f.name), prompt) for f in dataclasses.fields(inputs)}
        return dataclasses.replace(inputs, **fields)
    return inputs
