"""First-use check of the kernels: tiny problems against the reference, before 'auto' trusts them.

The verdict holds for the whole process, so nothing of the first caller may colour it. The check runs in a
thread of its own: inference and grad mode, autocast, the default device, modes that watch or replace
operators, saved-tensor hooks and the transforms of torch.func all belong to the caller's. What torch keeps
for the whole process is left as it is: the reference computes in float64, dtypes are named, and the numbers
are ones that TF32 and bfloat16 hold exactly.
"""

from __future__ import annotations

import functools
import importlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import torch

TOLERANCE = 1e-5
_FOLDERS = dict.fromkeys(('gather_max', 'linear_gather_max', 'interpolate'), 'resample')


def _draw(*shape: int) -> torch.Tensor:
    """Return fixed pseudo-random sixteenths in [-1, 1] without touching the generator of torch."""
    count = int(torch.Size(shape).numel())
    waves = torch.sin(torch.arange(1, count + 1, dtype=torch.float32) * 12.9898)
    return ((waves * 16).round() / 16).view(shape)


def _differentiated(call: Callable, dtype: torch.dtype, *inputs: torch.Tensor) -> list[torch.Tensor]:
    """Return what ``call`` gives for the inputs in that dtype, and their gradients."""
    inputs = [tensor.to(dtype).requires_grad_() for tensor in inputs]
    out = call(*inputs)
    return [out, *torch.autograd.grad(out, inputs, _draw(*out.shape).to(dtype))]


def _window_attention(op: Callable, dtype: torch.dtype) -> list[torch.Tensor]:
    order = torch.tensor([3, 1, 4, 0, 5, 9, 2, 6, 8, 7, 10])
    structure = (_draw(11, 3) * 4, (8, 8, 4), order, torch.tensor([0, 1, 8, 11]), 0.35)
    inputs = [_draw(11, 3, 8) / n for n in (1, 2, 4)] + [_draw(20, 3, 8) / n for n in (1, 2, 4)]
    return _differentiated(lambda *tensors: op(*tensors, *structure), dtype, *inputs)


def _knn(op: Callable, dtype: torch.dtype) -> list[torch.Tensor]:
    query, source = _draw(40, 3), _draw(90, 3) / 2
    return list(op(query.to(dtype), source.to(dtype), 5, [0, 25, 40], [0, 3, 90]))


def _gather_max(op: Callable, dtype: torch.dtype) -> list[torch.Tensor]:
    index = torch.arange(24).view(8, 3) * 7 % 10
    return _differentiated(lambda feats: op(feats, index), dtype, _draw(10, 5))


def _linear_gather_max(op: Callable, dtype: torch.dtype) -> list[torch.Tensor]:
    index, inputs, results = torch.arange(24).view(8, 3) * 7 % 10, (_draw(10, 5), _draw(18, 5) / 2), []
    for rows in (index, index[:4]):  # rows that are gathered often, and rows that are gathered once
        results += _differentiated(lambda feats, weight, rows=rows: op(feats, weight, rows), dtype, *inputs)
    return results


def _interpolate(op: Callable, dtype: torch.dtype) -> list[torch.Tensor]:
    index = torch.arange(24).view(8, 3) * 7 % 10
    return _differentiated(
        lambda feats, weight: op(feats, index, weight), dtype, _draw(10, 5), _draw(8, 3)
    )  # fmt: skip


def _sparse_conv(op: Callable, dtype: torch.dtype) -> list[torch.Tensor]:
    map_type = importlib.import_module('.sparse_conv.kernel_map', __package__).KernelMap
    row = torch.arange(9, dtype=torch.int32)
    source, target = torch.cat([row, row[:5]]), torch.cat([row * 5 % 11, row[:5] + 2])
    kernel_map = map_type.ordered(source, target, [9, 5], 9, 11)
    return _differentiated(
        lambda feats, weight: op(feats, weight, kernel_map), dtype, _draw(9, 5), _draw(2, 5, 18)
    )  # fmt: skip


_PROBLEMS = dict(
    window_attention=_window_attention,
    knn=_knn,
    gather_max=_gather_max,
    linear_gather_max=_linear_gather_max,
    interpolate=_interpolate,
    sparse_conv=_sparse_conv,
)


def _on_device(function: Callable, device: str) -> Callable:
    """Return ``function`` for tensors on the CPU, computed on a device."""

    def run(*arguments):
        results = function(*(a.to(device) if torch.is_tensor(a) else a for a in arguments))
        return results.cpu() if torch.is_tensor(results) else tuple(result.cpu() for result in results)

    return run


@functools.cache
def reason_to_distrust(op: str, device_type: str = 'cpu') -> str | None:
    """Return None when the device's kernel of ``op`` agrees with the reference, else what differs."""
    # A fresh thread would take the first GPU, whichever is this one's.
    device = f'cuda:{torch.cuda.current_device()}' if device_type == 'cuda' else device_type
    with ThreadPoolExecutor(max_workers=1) as thread:
        return thread.submit(_compare, op, device_type, device).result()


def _compare(op: str, device_type: str, device: str) -> str | None:
    kernel, reference = (
        getattr(importlib.import_module(f'.{_FOLDERS.get(op, op)}.{name}', __package__), op)
        for name in (f'{device_type}_impl', 'reference')
    )
    try:
        results = _PROBLEMS[op](_on_device(kernel, device), torch.float32)
    except RuntimeError as error:  # a kernel that cannot be compiled or launched
        return f'the self-check failed: {error}'
    for got, expected in zip(results, _PROBLEMS[op](reference, torch.float64)):
        error = (got.double() - expected.double()).abs().max() / expected.double().abs().max()
        if not error <= TOLERANCE:
            return f'the self-check differs from the reference by {float(error):.1e}'
    return None
