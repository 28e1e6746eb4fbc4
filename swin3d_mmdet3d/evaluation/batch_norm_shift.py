"""How far a set of scans moves the statistics of batch norms from those of a mixture of sets."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn


def batch_norm_shift(network: nn.Module, runs: Sequence[Callable[[], object]]) -> list[float]:
    """Mean distance of each set's channel means to those of the mixture, in the mixture's deviations.

    The statistics are those of the inputs of every ``BatchNorm1d``; sets weigh alike in the mixture.

    Args:
        network: The network; its state is left as it is.
        runs: For each set, what passes its scans through the network.

    Returns:
        A figure for each set: the mean over all channels of all batch norms.
    """
    norms = [module for module in network.modules() if isinstance(module, nn.BatchNorm1d)]
    state = {name: value.clone() for name, value in network.state_dict().items()}
    moments = [_moments(norms, run) for run in runs]
    network.load_state_dict(state)
    mean = torch.stack([first for first, _ in moments])
    square = torch.stack([second for _, second in moments])
    deviation = (square.mean(dim=0) - mean.mean(dim=0) ** 2).clamp(min=1e-12).sqrt()
    return ((mean - mean.mean(dim=0)).abs() / deviation).mean(dim=1).tolist()


def _moments(norms: list[nn.BatchNorm1d], run: Callable[[], object]) -> tuple[Tensor, Tensor]:
    """Means and mean squares of all channels of the norms' inputs over one run, in float64."""
    found: dict[int, list] = {index: [0, 0.0, 0.0] for index in range(len(norms))}

    def note(index: int) -> Callable:
        def hook(_module: nn.Module, inputs: tuple) -> None:
            rows = inputs[0].double()
            entry = found[index]
            found[index] = [
                entry[0] + len(rows),
                entry[1] + rows.sum(dim=0),
                entry[2] + (rows**2).sum(dim=0),
            ]

        return hook

    hooks = [norm.register_forward_pre_hook(note(index)) for index, norm in enumerate(norms)]
    try:
        with torch.no_grad():
            run()
    finally:
        for hook in hooks:
            hook.remove()
    met = [entry for entry in found.values() if entry[0]]
    return (
        torch.cat([total / count for count, total, _ in met]),
        torch.cat([squares / count for count, _, squares in met]),
    )
