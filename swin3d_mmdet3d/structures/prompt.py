"""The condition of a batch: which data set it comes from, and what the network has learned about that."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor


@dataclass(frozen=True, eq=False)
class Prompt:
    """Condition of a batch for point prompt training.

    Attributes:
        condition: Name of the data set that all scenes of the batch come from.
        embedding: ``(prompt_channels,)`` float, the learned embedding of the condition; None where no norm
            has adaptive scale and shift.

    Source: arXiv 2308.09718, section 4.1.
    """

    condition: str
    embedding: Tensor | None = None
