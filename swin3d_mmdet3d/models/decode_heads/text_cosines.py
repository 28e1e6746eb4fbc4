"""Cosines of projected voxel features with texts, without the projection of each voxel."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

SMALLEST = 1e-12
"""Lengths below it count as it, as in ``torch.nn.functional.normalize``."""


def projected_cosines(feats: Tensor, projection: nn.Linear, texts: Tensor) -> Tensor:
    """``cos(W f + b, t_k)`` for features f and texts t_k, with W and b of the projection.

    A text encoder is several times as wide as a voxel's features. So products are taken with ``t_k W``, and
    lengths by ``|W f + b|^2 = [f 1] G [f 1]^T`` with ``G = [W b]^T [W b]``: nothing is ever ``(N, D)``, and
    steps take less time and memory. G squares what W stretches, which float64 holds.

    Args:
        feats: ``(N, C)`` float.
        projection: With bias, C -> D.
        texts: ``(K, D)``, each of length 1.

    Returns:
        ``(N, K)`` in [-1, 1], in the type of the products.
    """
    with torch.autocast(feats.device.type, enabled=False):
        affine = torch.cat([projection.weight, projection.bias[:, None]], dim=1)
        toward = texts.to(affine.dtype) @ affine
        gram = affine.double().t() @ affine.double()
    rows = F.pad(feats.double(), (0, 1), value=1.0)
    lengths = ((rows @ gram) * rows).sum(dim=1).clamp_min(SMALLEST**2).sqrt()
    products = F.linear(feats, toward[:, :-1], toward[:, -1])
    return products / lengths.to(products.dtype)[:, None]
