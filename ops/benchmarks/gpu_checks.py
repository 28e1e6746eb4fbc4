"""Holds every op of the CUDA back-end on the GPU against the float64 reference on the CPU.

Values and gradients. The search alone is held against the reference in its own precision, which decides near
ties.
"""

from __future__ import annotations

import logging

import torch
from gpu_pairs import PairAttention
from swin3d_ops import WindowIndex, knn, resample, window_attention

TOLERANCE = {torch.float64: 1e-11, torch.float32: 2e-5, torch.float16: 5e-3, torch.bfloat16: 4e-2}
SIX_AXES = (40, 40, 40, 32, 32, 32)
NINE_AXES = (56, 56, 56, 32, 32, 32, 32, 32, 32)
# sizes of windows, heads, head width, table rows, spread of the signals over a table
ATTENTION = {
    'one voxel': ((1,), 2, 8, SIX_AXES, 0.25),
    'many tiny windows': ((1, 2, 3) * 4000, 6, 8, SIX_AXES, 0.25),
    'odd sizes': ((63, 1, 64, 2, 65, 129, 3), 5, 12, (5, 3, 200), 0.25),
    'one giant window': ((1000,), 2, 16, NINE_AXES, 0.25),
    'far outside the tables': ((100, 30, 7), 2, 8, SIX_AXES, 1e6),
    'wide heads': ((90, 20), 1, 64, SIX_AXES, 0.25),
    'wide spread': ((200, 100), 3, 16, NINE_AXES, 0.5),
}
logger = logging.getLogger('benchmark')


def require(what: str, got: torch.Tensor, expected: torch.Tensor, tolerance: float) -> None:
    """Raise AssertionError unless the results agree, relative to the largest expected one."""
    scale = expected.double().abs().max().clamp(min=1e-3)
    error = float((got.double().cpu() - expected.double()).abs().max() / scale)
    if not error <= tolerance:
        raise AssertionError(f'{what}: differs from the reference by {error:.1e}, allowed {tolerance:.1e}')


def attention_problem(sizes, heads, width, table_rows, spread, seed=0):
    """Return float64 inputs and gradient, signals and windows on the CPU."""
    generator = torch.Generator().manual_seed(seed)
    count = sum(sizes)

    def draw(*shape):
        return torch.randn(*shape, generator=generator, dtype=torch.float64)

    inputs = [draw(count, heads, width) for _ in range(3)]
    inputs += [draw(sum(table_rows), heads, width) * 0.3 for _ in range(3)]
    signals = torch.rand(count, len(table_rows), generator=generator) * 2 - 1
    ptr = torch.tensor([0, *sizes]).cumsum(0)
    order = torch.randperm(count, generator=generator)
    windows = WindowIndex(order=order, ptr=ptr, cell=torch.zeros(count, 3).long())
    return inputs, draw(count, heads, width), signals * torch.tensor(table_rows) * spread, windows


def check_attention(name: str, dtype: torch.dtype) -> None:
    """Check one case of ``ATTENTION`` in one precision, and that a second run gives the same bits."""
    sizes, heads, width, table_rows, spread = ATTENTION[name]
    inputs, grad_out, signals, windows = attention_problem(sizes, heads, width, table_rows, spread)
    inputs, grad_out = [tensor.to(dtype) for tensor in inputs], grad_out.to(dtype)
    results = []
    for device, backend, kind in (
        ('cpu', 'reference', torch.float64), ('cuda', 'cuda', dtype), ('cuda', 'cuda', dtype)
    ):  # fmt: skip
        leaves = [tensor.to(device, kind).requires_grad_() for tensor in inputs]
        parts = {part: getattr(windows, part).to(device) for part in ('order', 'ptr', 'cell')}
        out = window_attention(
            *leaves, signals.to(device), table_rows, WindowIndex(**parts), backend=backend
        )  # fmt: skip
        results.append([out, *torch.autograd.grad(out, leaves, grad_out.to(device, kind))])
    for what, expected, first, second in zip('out q k v q_table k_table v_table'.split(), *results):
        require(f'{name}, {dtype}, {what}', first.detach(), expected.detach(), TOLERANCE[dtype])
        if not torch.equal(first, second):
            raise AssertionError(f'{name}, {dtype}, {what}: two runs differ')


def check_pairs() -> None:
    """Check the baseline of the benchmark."""
    inputs, grad_out, signals, windows = attention_problem((40, 9, 1, 70), 3, 8, SIX_AXES, 0.25)
    leaves = [tensor.requires_grad_() for tensor in inputs]
    out = window_attention(*leaves, signals, SIX_AXES, windows, backend='reference')
    truths = [out, *torch.autograd.grad(out, leaves, grad_out)]
    parts = {part: getattr(windows, part).cuda() for part in ('order', 'ptr', 'cell')}
    on_gpu = [tensor.detach().float().cuda() for tensor in inputs]
    pairs = PairAttention(*on_gpu, signals.float().cuda(), SIX_AXES, WindowIndex(**parts))
    results = [pairs.forward(), *pairs.backward(grad_out.float().cuda())]
    for got, truth in zip(results, truths):
        require('pairs', got, truth.detach(), 1e-4)


def check_neighbours(dtype: torch.dtype, k: int) -> None:
    """Check the grid search: several items, far queries, ties, fewer than k sources."""
    generator = torch.Generator().manual_seed(0)
    query, source = (torch.rand(rows, 3, generator=generator, dtype=dtype) for rows in (3000, 5000))
    source = (source * 20).round() / 20
    query[5], query[6], source[3] = 1e6, -1e7, 1e5
    bounds = [torch.tensor([0, 1000, 1000, 2990, 3000]), torch.tensor([0, 3000, 3010, 4998, 5000])]
    expected = knn(query, source, k, *bounds, backend='reference')
    got = knn(query.cuda(), source.cuda(), k, *(b.cuda() for b in bounds), backend='cuda')
    if not torch.equal(got[0].cpu(), expected[0]):
        raise AssertionError(f'knn, k {k}, {dtype}: other neighbours than the reference')
    require(f'knn, k {k}, {dtype}', got[1], expected[1], 1e-6)


def check_resampling(dtype: torch.dtype) -> None:
    """Check maximum and weighted sum with their gradients."""
    generator = torch.Generator().manual_seed(0)
    feats = torch.randn(500, 37, generator=generator).to(dtype)
    weight = torch.rand(900, 5, generator=generator).to(dtype)
    index = torch.randint(0, 400, (900, 5), generator=generator)
    results = []
    for device, backend, kind in (('cpu', 'reference', torch.float64), ('cuda', 'cuda', dtype)):
        leaves = [tensor.to(device, kind).requires_grad_() for tensor in (feats, weight)]
        most = resample.gather_max(leaves[0], index.to(device), backend=backend)
        mean = resample.interpolate(leaves[0], index.to(device), leaves[1], backend=backend)
        grads = torch.autograd.grad(mean, leaves, torch.ones_like(mean))
        results.append([most, mean, *grads, *torch.autograd.grad(most, leaves[:1], torch.ones_like(most))])
    for expected, got in zip(*results):
        require(f'resampling, {dtype}', got.detach(), expected.detach(), TOLERANCE[dtype])


def check_products(dtype: torch.dtype) -> None:
    """Check the maximum of a product; its gradients where rounding leaves no doubt about the maxima."""
    generator = torch.Generator().manual_seed(0)
    # Eighths, so that products are exact in float32 and ties are ties.
    shapes = ((500, 37), (24, 37), (900, 24))
    feats, weight, grad = ((torch.randn(*shape, generator=generator) * 4).round() / 8 for shape in shapes)
    index = torch.randint(0, 400, (900, 5), generator=generator)
    results = []
    for device, backend, kind in (('cpu', 'reference', torch.float64), ('cuda', 'cuda', dtype)):
        leaves = [tensor.to(device, kind).requires_grad_() for tensor in (feats, weight)]
        out = resample.linear_gather_max(*leaves, index.to(device), backend=backend)
        results.append([out, *torch.autograd.grad(out, leaves, grad.to(device, kind))])
    compared = 3 if dtype in (torch.float32, torch.float64) else 1
    for expected, got in list(zip(*results))[:compared]:
        require(f'maxima of a product, {dtype}', got.detach(), expected.detach(), TOLERANCE[dtype])


def check_not_finite(bad: float) -> None:
    """Check that a bad value in any input of the attention, or in what is pooled, reaches the outputs."""
    inputs, _, signals, windows = attention_problem((5, 70, 3), 2, 8, SIX_AXES, 0.25)
    parts = {part: getattr(windows, part).cuda() for part in ('order', 'ptr', 'cell')}
    for which in range(3):
        spoilt = [tensor.clone() for tensor in inputs]
        spoilt[which][7, 1, 3] = bad
        expected = window_attention(*spoilt, signals, SIX_AXES, windows, backend='reference')
        on_gpu = [tensor.float().cuda() for tensor in spoilt]
        got = window_attention(*on_gpu, signals.cuda(), SIX_AXES, WindowIndex(**parts), backend='cuda').cpu()
        if not torch.equal(got.isfinite(), expected.isfinite()):
            raise AssertionError(f'attention, {bad} in input {which}: other outputs are finite')
    feats = torch.tensor([[1.0], [bad], [2.0], [torch.nan]])
    index = torch.tensor([[0, 2, 1], [1, 3, 0], [0, 0, 2]])
    expected = resample.gather_max(feats, index, backend='reference')
    got = resample.gather_max(feats.cuda(), index.cuda(), backend='cuda').cpu()
    if not torch.equal(got.nan_to_num(nan=-1.0), expected.nan_to_num(nan=-1.0)):
        raise AssertionError(f'maximum over {bad}: {got.tolist()}, the reference has {expected.tolist()}')


def check_all() -> None:
    """Run every check; the first that fails raises."""
    check_pairs()
    for name in ATTENTION:
        for dtype in TOLERANCE:
            check_attention(name, dtype)
        logger.info('attention, %s: agrees with the float64 reference, same bits twice', name)
    for dtype in (torch.float32, torch.float64):
        for k in (3, 16, 40):
            check_neighbours(dtype, k)
    for dtype in TOLERANCE:
        check_resampling(dtype)
        check_products(dtype)
    logger.info('neighbours and resampling agree with the reference')
    for bad in (torch.nan, torch.inf, -torch.inf):
        check_not_finite(bad)
    logger.info('NaN and infinity reach what they reach in the reference')
