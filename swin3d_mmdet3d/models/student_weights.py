"""The weights that a training leaves for others: those of the encoder and the decoder."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from torch import Tensor

STUDENT_PARTS = ('backbone', 'neck')


def weights_of(state: Mapping[str, Tensor], parts: Sequence[str] = STUDENT_PARTS) -> dict[str, Tensor]:
    """The weights of some parts out of a model's state dict; parts that it lacks are passed over."""
    prefixes = tuple(f'{part}.' for part in parts)
    return {name: weight for name, weight in state.items() if name.startswith(prefixes)}
