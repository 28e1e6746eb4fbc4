"""In how many directions a set of features varies."""

from __future__ import annotations

import torch
from torch import Tensor


@torch.no_grad()
def feature_rank(feats: Tensor) -> Tensor:
    """Effective rank of features ``(N, C)`` of any floating dtype, float64 ``()`` from 0 to min(N - 1, C).

    exp(-sum p log p) of the singular values, p = s / sum s: k where features vary alike in k directions, 1
    where a single one is left, 0 of features that are all the same. It tells without labels what linear
    probes of them may find (RankMe). Levels of an encoder differ in scale, hence each channel has mean 0 and
    variance 1 here; the paper takes features as they are.

    Source: arXiv 2210.02885, equation 1, without its epsilon.
    """
    feats = feats.double()
    centred = feats - feats.mean(dim=0)
    # what rounding leaves of a channel that says nothing is no direction
    varies = centred.abs().amax(dim=0) > 1e-6 * feats.abs().amax(dim=0)
    channels = centred[:, varies]
    channels = channels / channels.norm(dim=0)
    values = torch.linalg.eigvalsh(channels.T @ channels).clamp(min=0).sqrt()
    if not len(values):
        return values.sum()
    share = values / values.sum()
    return torch.special.entr(share).sum().exp()
