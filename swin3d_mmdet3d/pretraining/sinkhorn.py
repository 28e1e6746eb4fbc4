"""Sinkhorn's algorithm: rows are assigned to prototypes so that all prototypes are used alike."""

from __future__ import annotations

import math

import torch
from mmengine.dist import all_reduce
from torch import Tensor


@torch.no_grad()
def sinkhorn(logits: Tensor, iterations: int = 3, tolerance: float = 0.0) -> Tensor:
    """The assignment ``q = diag(a) exp(logits) diag(b)`` whose rows sum to 1 and whose columns sum to M / K.

    Alternately the columns and the rows are scaled to their sums, the rows last: rows sum to 1 after any
    iteration, columns to M / K in the limit. Of several processes the M rows of all count, and each gets
    those of its own. Computed as logarithms, in float32 at least and whatever autocast says, so that no
    logits are too large or too far apart.

    Args:
        logits: ``(M, K)``, similarities of rows and prototypes over a temperature; M may be 0.
        iterations: Most iterations.
        tolerance: Stop as soon as no column's sum is further than this share of M / K from it; 0 never does.

    Returns:
        ``(M, K)``, float32 or float64.

    Raises:
        ValueError: If ``logits`` is not ``(M, K)`` with a column, or ``iterations`` is below 1.

    Source: arXiv 1306.0895, algorithm 1; as targets of prototypes arXiv 2006.09882 (SwAV), equation 3; the
        order and the 3 iterations are those of Sonata's in github.com/Pointcept/Pointcept.
    """
    if logits.ndim != 2 or logits.shape[1] == 0:
        raise ValueError(f'logits must be (M, K) with at least one column, got {tuple(logits.shape)}')
    if iterations < 1:
        raise ValueError(f'iterations must be at least 1, got {iterations}')
    with torch.autocast(logits.device.type, enabled=False):
        log_q = logits.to(torch.promote_types(logits.dtype, torch.float32))
        log_share = _log_of_sum(log_q.new_zeros(len(log_q), 1)) - math.log(log_q.shape[1])
        off = _log_of_sum(log_q) - log_share  # of each column from M / K
        for _ in range(iterations):
            log_q = log_q - off
            log_q = log_q - log_q.logsumexp(dim=1, keepdim=True)
            off = _log_of_sum(log_q) - log_share
            if tolerance > 0 and bool((off.expm1().abs() <= tolerance).all()):
                break
        return log_q.exp()


def _log_of_sum(log_q: Tensor) -> Tensor:
    """Logarithm ``(K,)`` of the sums of the columns, over the rows of all processes."""
    largest = log_q.amax(dim=0) if len(log_q) else log_q.new_full(log_q.shape[1:], -torch.inf)
    all_reduce(largest, 'max')
    total = (log_q - largest).exp().sum(dim=0)
    all_reduce(total)
    return largest + total.log()
