"""First-use check of the kernels: tiny problems against the reference, before 'auto' trusts them.

The verdict holds for the whole process, so nothing of the first caller may colour it. The check runs in a
thread of its own: inference and grad mode, autocast, the default device, modes that watch or replace
operators, saved-tensor hooks and the transforms of torch.func all belong to the caller's. What torch keeps
for the whole process is left as it is: the reference computes in float64, dtypes are named, and the numbers
are ones that TF32 and bfloat16 hold exactly.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import torch

TOLERANCE = 1e-5
Probe = Callable[[Callable, torch.dtype], 'list[torch.Tensor]']
"""Solves a tiny problem by an op's function, its floats in that dtype, and returns results and gradients."""


def draw(*shape: int) -> torch.Tensor:
    """Return fixed pseudo-random sixteenths in [-1, 1] without touching the generator of torch."""
    count = int(torch.Size(shape).numel())
    waves = torch.sin(torch.arange(1, count + 1, dtype=torch.float32) * 12.9898)
    return ((waves * 16).round() / 16).view(shape)


def differentiated(call: Callable, dtype: torch.dtype, *inputs: torch.Tensor) -> list[torch.Tensor]:
    """Return what ``call`` gives for the inputs in that dtype, and their gradients."""
    inputs = [tensor.to(dtype).requires_grad_() for tensor in inputs]
    out = call(*inputs)
    return [out, *torch.autograd.grad(out, inputs, draw(*out.shape).to(dtype))]


def reason_to_distrust(probe: Probe, run: Callable, reference: Callable, device_type: str) -> str | None:
    """Return None when ``run`` agrees with ``reference`` and gives the same bits twice, else what differs."""
    # A fresh thread would take the first GPU, whichever is this one's.
    device = f'cuda:{torch.cuda.current_device()}' if device_type == 'cuda' else device_type
    with ThreadPoolExecutor(max_workers=1) as thread:
        return thread.submit(_compare, probe, run, reference, device).result()


def _compare(probe: Probe, run: Callable, reference: Callable, device: str) -> str | None:
    there = _on_device(run, device)
    try:
        first, second = probe(there, torch.float32), probe(there, torch.float32)
    except Exception as error:  # of whatever kind: compilers, drivers and other packages have theirs
        return f'the self-check failed: {error}'
    for got, expected in zip(first, probe(reference, torch.float64)):
        got, expected = got.detach().double(), expected.detach().double()
        error = (got - expected).abs().max() / expected.abs().max()
        if not error <= TOLERANCE:
            return f'the self-check differs from the reference by {float(error):.1e}'
    if not all(map(torch.equal, first, second)):
        return 'the self-check gives other bits when it is run again'
    return None


def _on_device(function: Callable, device: str) -> Callable:
    """Return ``function`` for arguments on the CPU, computed on a device."""
    if device == 'cpu':
        return function

    def run(*arguments):
        results = function(*(a.to(device) if hasattr(a, 'to') else a for a in arguments))
        return results.cpu() if torch.is_tensor(results) else tuple(result.cpu() for result in results)

    return run
