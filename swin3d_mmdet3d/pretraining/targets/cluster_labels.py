"""Balanced cluster labels of cells: stored until they are assigned anew, or made in a step."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from mmdet3d.registry import MODELS
from mmengine.dist import all_gather_object
from torch import Tensor, nn
from torch.nn.functional import log_softmax

from ..sinkhorn import sinkhorn

MAX_ITERATIONS = 1000

Targets = list[tuple[Tensor, Tensor]]
"""For each view the rows ``(R,)`` of the cells with a target, and labels ``(R,)`` or shares ``(R, K)``."""


@MODELS.register_module()
class StoredLabels(nn.Module):
    """A label for each cell of the recording, by Sinkhorn's algorithm to convergence over all cells.

    With p the predicted probabilities of a cell, its label is the column of the largest entry of
    ``diag(a) p^sharpness diag(b)``, whose rows sum to 1 and whose columns sum alike. The labels are in the
    checkpoint.

    Args:
        sharpness: Power of the probabilities; the larger, the nearer are the labels to the largest one.
        tolerance: Largest share by which the sum of a cluster may be off when labels are taken.
        shuffle: Give the labels to cells in random order, as the control of a comparison.

    Source: arXiv 2210.16810; sharpness and tolerance as in github.com/fcendra/sl3d, after arXiv 1911.05371
        (SeLa), algorithm 1.
    """

    def __init__(self, sharpness: float = 25.0, tolerance: float = 0.1, shuffle: bool = False) -> None:
        super().__init__()
        for name, value in dict(sharpness=sharpness, tolerance=tolerance).items():
            if not value > 0:
                raise ValueError(f'{name} must be positive, got {value}')
        self.sharpness = sharpness
        self.tolerance = tolerance
        self.shuffle = shuffle
        self.register_buffer('cells', torch.zeros(0, dtype=torch.int64))
        self.register_buffer('labels', torch.zeros(0, dtype=torch.int64))

    @torch.no_grad()
    def assign(self, cells: Tensor, logits: Tensor) -> None:
        """Label cells anew; others keep the labels that they have.

        Args:
            cells: ``(N,)`` int64, distinct keys of cells; of several processes each gives its own.
            logits: ``(N, K)`` of the clusters.
        """
        log_power = self.sharpness * log_softmax(logits.float(), dim=1)
        labels = sinkhorn(log_power, MAX_ITERATIONS, self.tolerance).argmax(dim=1)
        if self.shuffle:
            labels = labels[torch.randperm(len(labels), device=labels.device)]
        gathered = all_gather_object((cells.cpu(), labels.cpu()))
        cells, labels = (torch.cat(part).to(self.cells.device) for part in zip(*gathered))
        kept = ~torch.isin(self.cells, cells)
        cells, labels = torch.cat([self.cells[kept], cells]), torch.cat([self.labels[kept], labels])
        order = cells.argsort()
        self.cells, self.labels = cells[order], labels[order]

    def forward(self, cells: Sequence[Tensor], logits: Sequence[Tensor]) -> Targets:
        """The stored labels of the cells ``(N,)`` of each view.

        Raises:
            ValueError: If no label was assigned yet.
        """
        if len(self.cells) == 0:
            raise ValueError(
                'labels must be assigned before cells are asked for theirs; SelfLabelHook does it'
            )
        targets = []
        for keys in cells:
            place = torch.searchsorted(self.cells, keys).clamp(max=len(self.cells) - 1)
            rows = (self.cells[place] == keys).nonzero().flatten()
            targets.append((rows, self.labels[place[rows]]))
        return targets

    def _load_from_state_dict(self, state_dict: dict, prefix: str, *args) -> None:
        """Take as many labels as the checkpoint has."""
        for name in ('cells', 'labels'):
            held = state_dict.get(prefix + name)
            if held is not None:
                setattr(self, name, torch.zeros_like(held, device=self.cells.device))
        super()._load_from_state_dict(state_dict, prefix, *args)


@MODELS.register_module()
class OnlineLabels(nn.Module):
    """Balanced shares of the clusters for the cells of a batch, out of what another view says of them.

    Args:
        temperature: Divisor of the logits.
        iterations: Iterations of Sinkhorn's algorithm.
        shuffle: Give the shares to cells in random order, as the control of a comparison.

    Source: arXiv 2006.09882 (SwAV), equation 3, without a queue; temperature 0.05 and 3 iterations there.
    """

    def __init__(self, temperature: float = 0.05, iterations: int = 3, shuffle: bool = False) -> None:
        super().__init__()
        if not temperature > 0:
            raise ValueError(f'temperature must be positive, got {temperature}')
        self.temperature = temperature
        self.iterations = iterations
        self.shuffle = shuffle

    def forward(self, cells: Sequence[Tensor], logits: Sequence[Tensor]) -> Targets:
        """Shares for each of two views of the cells ``(N,)``, ascending, that the other view has, too.

        Args:
            cells: Of each view ``(N,)`` int64 distinct keys, ascending.
            logits: Of each view ``(N, K)``.

        Raises:
            ValueError: If there are not two views.
        """
        if len(cells) != 2:
            raise ValueError(f'cells must be those of two views, got {len(cells)}')
        targets = []
        for own, other, seen in ((cells[0], cells[1], logits[1]), (cells[1], cells[0], logits[0])):
            rows = torch.isin(own, other).nonzero().flatten()
            shares = sinkhorn(seen[torch.isin(other, own)] / self.temperature, self.iterations)
            if self.shuffle:
                shares = shares[torch.randperm(len(shares), device=shares.device)]
            targets.append((rows, shares))
        return targets
