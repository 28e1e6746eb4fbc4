"""First-use check of the kernels: a tiny problem against the reference, before 'auto' trusts them."""

from __future__ import annotations

import functools
import importlib

import torch

TOLERANCE = 1e-5
_FOLDERS = dict.fromkeys(('gather_max', 'linear_gather_max', 'interpolate'), 'resample')


def _draw(*shape: int) -> torch.Tensor:
    """Return fixed pseudo-random numbers in [-1, 1] without touching the generator of torch."""
    count = int(torch.Size(shape).numel())
    return torch.sin(torch.arange(1, count + 1, dtype=torch.float32) * 12.9898).view(shape)


def _window_attention(run, reference) -> list[tuple[torch.Tensor, torch.Tensor]]:
    results = []
    for function in (run, reference):
        inputs = [_draw(11, 3, 8) * s for s in (1.0, 0.7, 0.5)] + [_draw(20, 3, 8) * s for s in (1, 0.6, 0.4)]
        inputs = [t.requires_grad_() for t in inputs]
        order = torch.tensor([3, 1, 4, 0, 5, 9, 2, 6, 8, 7, 10])
        arguments = (_draw(11, 3) * 4, (8, 8, 4), order, torch.tensor([0, 1, 8, 11]), 0.35)
        with torch.enable_grad():
            out = function(*inputs, *arguments)
            results.append([out, *torch.autograd.grad(out, inputs, _draw(11, 3, 8))])
    return list(zip(*results))


def _knn(run, reference) -> list[tuple[torch.Tensor, torch.Tensor]]:
    arguments = (_draw(40, 3), _draw(90, 3) * 0.9, 5, [0, 25, 40], [0, 3, 90])
    return list(zip(run(*arguments), reference(*arguments)))


def _gather_max(run, reference) -> list[tuple[torch.Tensor, torch.Tensor]]:
    index = torch.arange(24).view(8, 3) * 7 % 10
    return [(run(_draw(10, 5), index), reference(_draw(10, 5), index))]


def _linear_gather_max(run, reference) -> list[tuple[torch.Tensor, torch.Tensor]]:
    index, results = torch.arange(24).view(8, 3) * 7 % 10, []
    for function in (run, reference):
        inputs = [_draw(10, 5).requires_grad_(), (_draw(18, 5) * 0.7).requires_grad_()]
        with torch.enable_grad():
            out = function(*inputs, index)
            results.append([out, *torch.autograd.grad(out, inputs, _draw(8, 18))])
    return list(zip(*results))


def _interpolate(run, reference) -> list[tuple[torch.Tensor, torch.Tensor]]:
    index = torch.arange(24).view(8, 3) * 7 % 10
    arguments = (_draw(10, 5), index, _draw(8, 3))
    return [(run(*arguments), reference(*arguments))]


def _site_conv(run, reference) -> list[tuple[torch.Tensor, torch.Tensor]]:
    pairs_type = importlib.import_module('.site_conv.pairs', __package__).OffsetPairs
    row = torch.arange(9, dtype=torch.int32)
    source, target = torch.cat([row, row[:5]]), torch.cat([row * 5 % 11, row[:5] + 2])
    pairs, results = pairs_type.ordered(source, target, [9, 5], 9, 11), []
    for function in (run, reference):
        inputs = [_draw(9, 5).requires_grad_(), _draw(2, 5, 18).requires_grad_()]
        with torch.enable_grad():
            out = function(*inputs, pairs)
            results.append([out, *torch.autograd.grad(out, inputs, _draw(11, 18))])
    return list(zip(*results))


_PROBLEMS = dict(
    window_attention=_window_attention,
    knn=_knn,
    gather_max=_gather_max,
    linear_gather_max=_linear_gather_max,
    interpolate=_interpolate,
    site_conv=_site_conv,
)


def _on_device(function, device_type: str):
    """Return ``function`` for tensors on the CPU, computed on a device."""

    def run(*arguments):
        results = function(*(a.to(device_type) if torch.is_tensor(a) else a for a in arguments))
        return results.cpu() if torch.is_tensor(results) else tuple(result.cpu() for result in results)

    return run


@functools.cache
def reason_to_distrust(op: str, device_type: str = 'cpu') -> str | None:
    """Return None when the device's kernel of ``op`` agrees with the reference, else what differs."""
    kernels, reference = (
        importlib.import_module(f'.{_FOLDERS.get(op, op)}.{name}', __package__)
        for name in (f'{device_type}_impl', 'reference')
    )
    try:
        pairs = _PROBLEMS[op](_on_device(getattr(kernels, op), device_type), getattr(reference, op))
    except RuntimeError as error:  # a kernel that cannot be compiled or launched
        return f'the self-check failed: {error}'
    for got, expected in pairs:
        error = (got.double() - expected.double()).abs().max() / expected.double().abs().max()
        if not error <= TOLERANCE:
            return f'the self-check differs from the reference by {float(error):.1e}'
    return None
