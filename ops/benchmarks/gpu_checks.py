"""Section of checks: every op by the kernels of a device against the float64 reference on the CPU.

Values and gradients. The search alone is held against the reference in its own precision, which decides near
ties. The kernels are those of the GPU, or on the CPU those of the CPU.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import torch
from gpu_pairs import PairAttention
from gpu_report import Report
from swin3d_ops import WindowIndex, knn, op, resample, sparse_conv, window_attention
from swin3d_ops.neighbors import kernel_map_between
from swin3d_ops.neighbors import torch_impl as torch_search
from swin3d_ops.voxel_index import unique_voxels

TOLERANCE = {torch.float32: 2e-5, torch.float16: 5e-3, torch.bfloat16: 4e-2, torch.float64: 1e-11}
CONVOLUTIONS = ((48, 48), (16, 32), (5, 18))  # widths by fours and not
SIX_AXES = (40, 40, 40, 32, 32, 32)
NINE_AXES = (56, 56, 56, 32, 32, 32, 32, 32, 32)
# sizes of windows, heads, head width, table rows, spread of the signals over a table
ATTENTION = {
    'one voxel': ((1,), 2, 8, SIX_AXES, 0.25),
    'many tiny windows': ((1, 2, 3) * 100, 6, 8, SIX_AXES, 0.25),
    'odd sizes': ((63, 1, 64, 2, 65, 129, 3), 5, 12, (5, 3, 200), 0.25),
    'one giant window': ((400,), 2, 16, NINE_AXES, 0.25),
    'far outside the tables': ((100, 30, 7), 2, 8, SIX_AXES, 1e6),
    'wide heads': ((90, 20), 1, 64, SIX_AXES, 0.25),
    'wide spread': ((200, 100), 3, 16, NINE_AXES, 0.5),
}
MOST_THREADS = 8
REFERENCE = 'cpu', 'reference', torch.float64


def own_kernels(device: torch.device, dtype: torch.dtype) -> tuple[torch.device, str, torch.dtype]:
    """Return device, back-end and dtype of the kernels under test."""
    return device, device.type, dtype


def windows_on(windows: WindowIndex, device: torch.device | str) -> WindowIndex:
    """Return windows on a device."""
    parts = {part: getattr(windows, part).to(device) for part in ('order', 'ptr', 'cell')}
    return WindowIndex(**parts)


def require(
    what: str, got: torch.Tensor, expected: torch.Tensor, tolerance: float, least: float = 1e-3
) -> None:
    """Raise AssertionError unless the results agree, relative to the largest expected one or ``least``."""
    scale = expected.double().abs().max().clamp(min=least)
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


def check_attention(
    name: str, dtype: torch.dtype, device: torch.device, table_dtype: torch.dtype | None = None
) -> None:
    """Check one case of ``ATTENTION`` in one precision, and that a second run gives the same bits.

    Args:
        name: The case.
        dtype: That of queries, keys and values.
        device: Where the kernels under test are.
        table_dtype: That of the tables, where it is not ``dtype``.
    """
    sizes, heads, width, table_rows, spread = ATTENTION[name]
    inputs, grad_out, signals, windows = attention_problem(sizes, heads, width, table_rows, spread)
    kinds = [dtype] * 3 + [table_dtype or dtype] * 3
    inputs, grad_out = [tensor.to(kind) for tensor, kind in zip(inputs, kinds)], grad_out.to(dtype)
    results = []
    for place, backend, kind in (REFERENCE, own_kernels(device, dtype), own_kernels(device, dtype)):
        exact = [torch.float64] * 6 if backend == 'reference' else kinds
        leaves = [tensor.to(place, each).requires_grad_() for tensor, each in zip(inputs, exact)]
        there = windows_on(windows, place)
        out = window_attention(*leaves, signals.to(place), table_rows, there, backend=backend)
        results.append([out, *torch.autograd.grad(out, leaves, grad_out.to(place, kind))])
    for what, expected, first, second in zip('out q k v q_table k_table v_table'.split(), *results):
        # gradients that cancel, as of a window of one voxel, are held to the size of the inputs
        case, tolerance = f'{name}, {dtype}, {what}', TOLERANCE[first.dtype]
        require(case, first.detach(), expected.detach(), tolerance, least=0.1)
        if not torch.equal(first, second):
            raise AssertionError(f'{name}, {dtype}, {what}: two runs differ')


def check_pairs(device: torch.device) -> None:
    """Check the baseline of the benchmark."""
    inputs, grad_out, signals, windows = attention_problem((40, 9, 1, 70), 3, 8, SIX_AXES, 0.25)
    leaves = [tensor.requires_grad_() for tensor in inputs]
    out = window_attention(*leaves, signals, SIX_AXES, windows, backend='reference')
    truths = [out, *torch.autograd.grad(out, leaves, grad_out)]
    there = [tensor.detach().to(device, torch.float32) for tensor in (*inputs, signals, grad_out)]
    pairs = PairAttention(*there[:-1], SIX_AXES, windows_on(windows, device))
    results = [pairs.forward(), *pairs.backward(there[-1])]
    for got, truth in zip(results, truths):
        require('pairs', got, truth.detach(), 1e-4)


def check_neighbours(dtype: torch.dtype, k: int, device: torch.device) -> None:
    """Check the nearest neighbours: several items, far queries, ties, fewer than k sources."""
    generator = torch.Generator().manual_seed(0)
    query, source = (torch.rand(rows, 3, generator=generator, dtype=dtype) for rows in (3000, 5000))
    source = (source * 20).round() / 20
    query[5], query[6], source[3] = 1e6, -1e7, 1e5
    bounds = [torch.tensor([0, 1000, 1000, 2990, 3000]), torch.tensor([0, 3000, 3010, 4998, 5000])]
    expected = knn(query, source, k, *bounds, backend='reference')
    there = [tensor.to(device) for tensor in (query, source, *bounds)]
    got = knn(*there[:2], k, *there[2:], backend=device.type)
    if not torch.equal(got[0].cpu(), expected[0]):
        raise AssertionError(f'knn, k {k}, {dtype}: other neighbours than the reference')
    require(f'knn, k {k}, {dtype}', got[1], expected[1], 1e-6)


def check_resampling(dtype: torch.dtype, device: torch.device) -> None:
    """Check maximum and weighted sum with their gradients."""
    generator = torch.Generator().manual_seed(0)
    feats = torch.randn(500, 37, generator=generator).to(dtype)
    weight = torch.rand(900, 5, generator=generator).to(dtype)
    index = torch.randint(0, 400, (900, 5), generator=generator)
    results = []
    for place, backend, kind in (REFERENCE, own_kernels(device, dtype)):
        leaves = [tensor.to(place, kind).requires_grad_() for tensor in (feats, weight)]
        most = resample.gather_max(leaves[0], index.to(place), backend=backend)
        mean = resample.interpolate(leaves[0], index.to(place), leaves[1], backend=backend)
        grads = torch.autograd.grad(mean, leaves, torch.ones_like(mean))
        results.append([most, mean, *grads, *torch.autograd.grad(most, leaves[:1], torch.ones_like(most))])
    for expected, got in zip(*results):
        require(f'resampling, {dtype}', got.detach(), expected.detach(), TOLERANCE[dtype])


def check_products(dtype: torch.dtype, device: torch.device) -> None:
    """Check the maximum of a product; its gradients where rounding leaves no doubt about the maxima."""
    generator = torch.Generator().manual_seed(0)
    # Eighths, so that products are exact in float32 and ties are ties.
    shapes = ((500, 37), (24, 37), (900, 24))
    feats, weight, grad = ((torch.randn(*shape, generator=generator) * 4).round() / 8 for shape in shapes)
    index = torch.randint(0, 400, (900, 5), generator=generator)
    results = []
    for place, backend, kind in (REFERENCE, own_kernels(device, dtype)):
        leaves = [tensor.to(place, kind).requires_grad_() for tensor in (feats, weight)]
        out = resample.linear_gather_max(*leaves, index.to(place), backend=backend)
        results.append([out, *torch.autograd.grad(out, leaves, grad.to(place, kind))])
    compared = 3 if dtype in (torch.float32, torch.float64) else 1
    for expected, got in list(zip(*results))[:compared]:
        require(f'maxima of a product, {dtype}', got.detach(), expected.detach(), TOLERANCE[dtype])


def check_convolution(backend: str, dtype: torch.dtype, device: torch.device) -> None:
    """Check convolutions of 3^3 voxels with their gradients, and that a second run gives the same bits."""
    generator = torch.Generator().manual_seed(0)
    coords = torch.randint(-6, 6, (1500, 4), generator=generator)
    coords, _ = unique_voxels(torch.cat([coords[:, :1] % 2, coords[:, 1:]], 1))
    coords = coords.to(device)
    kernel_map = kernel_map_between(coords, coords, 3)
    for channels, columns in CONVOLUTIONS:
        shapes = ((len(coords), channels), (27, channels, columns), (len(coords), columns))
        feats, weight, grad = (torch.randn(*shape, generator=generator).to(dtype) for shape in shapes)
        results = []
        for place, name, kind in (REFERENCE, (device, backend, dtype), (device, backend, dtype)):
            leaves = [tensor.to(place, kind).requires_grad_() for tensor in (feats, weight)]
            out = sparse_conv(*leaves, kernel_map.to(place), backend=name)
            results.append([out, *torch.autograd.grad(out, leaves, grad.to(place, kind))])
        what = f'convolution {channels} -> {columns} by {backend}, {dtype}'
        for expected, got, again in zip(*results):
            require(what, got.detach(), expected.detach(), TOLERANCE[dtype])
            if backend != 'torch' and not torch.equal(got, again):
                raise AssertionError(f'{what}: two runs differ')


def check_kernel_maps(device: torch.device) -> None:
    """Check the pairs within a level and between two against those of torch, bit by bit."""
    generator = torch.Generator().manual_seed(0)
    coords = torch.randint(-9, 9, (4000, 4), generator=generator)
    fine, _ = unique_voxels(torch.cat([coords[:, :1] % 3, coords[:, 1:]], 1))
    coarse = unique_voxels(torch.cat([fine[:, :1], fine[:, 1:] // 2 * 2], 1))[0].flip(0)
    for inputs, outputs, size in ((fine, fine, 3), (fine, fine, 5), (fine, coarse, 2), (coarse, fine, 3)):
        expected = torch_search.kernel_map(inputs, outputs, size)
        there = inputs.to(device)
        got = kernel_map_between(there, there if outputs is inputs else outputs.to(device), size)
        for part in ('source', 'target', 'ptr'):
            if not torch.equal(getattr(got, part).cpu(), getattr(expected, part)):
                raise AssertionError(f'kernel map of edge {size}: another {part} than by torch')


def check_not_finite(bad: float, device: torch.device) -> None:
    """Check that a bad value in any input of the attention, or in what is pooled, reaches the outputs."""
    inputs, _, signals, windows = attention_problem((5, 70, 3), 2, 8, SIX_AXES, 0.25)
    for which in range(3):
        spoilt = [tensor.clone() for tensor in inputs]
        spoilt[which][7, 1, 3] = bad
        expected = window_attention(*spoilt, signals, SIX_AXES, windows, backend='reference')
        there = [tensor.to(device, torch.float32) for tensor in (*spoilt, signals)]
        got = window_attention(*there, SIX_AXES, windows_on(windows, device), backend=device.type)
        if not torch.equal(got.isfinite().cpu(), expected.isfinite()):
            raise AssertionError(f'attention, {bad} in input {which}: other outputs are finite')
    feats = torch.tensor([[1.0], [bad], [2.0], [torch.nan]])
    index = torch.tensor([[0, 2, 1], [1, 3, 0], [0, 0, 2]])
    expected = resample.gather_max(feats, index, backend='reference')
    got = resample.gather_max(feats.to(device), index.to(device), backend=device.type).cpu()
    if not torch.equal(got.nan_to_num(nan=-1.0), expected.nan_to_num(nan=-1.0)):
        raise AssertionError(f'maximum over {bad}: {got.tolist()}, the reference has {expected.tolist()}')


def all_checks(device: torch.device) -> dict[str, Callable]:
    """Return the checks by name; first those of the networks' own types and sizes."""
    checks: dict[str, Callable] = {}
    if device.type == 'cuda':
        checks['the baseline of pairs'] = partial(check_pairs, device)
    for dtype in TOLERANCE:
        for name in ATTENTION:
            checks[f'attention, {name}, {dtype}'] = partial(check_attention, name, dtype, device)
        if dtype in (torch.float16, torch.bfloat16):
            name, tables = 'odd sizes', torch.float32
            checks[f'attention, {name}, {dtype}, tables {tables}'] = partial(
                check_attention, name, dtype, device, tables
            )
        checks[f'resampling, {dtype}'] = partial(check_resampling, dtype, device)
        checks[f'maxima of a product, {dtype}'] = partial(check_products, dtype, device)
        for backend in convolution_backends(device, dtype):
            call = partial(check_convolution, backend, dtype, device)
            checks[f'convolution by {backend}, {dtype}'] = call
    for dtype in (torch.float32, torch.float64):
        for k in (3, 16, 40):
            checks[f'knn, k {k}, {dtype}'] = partial(check_neighbours, dtype, k, device)
    checks['kernel maps'] = partial(check_kernel_maps, device)
    for bad in (torch.nan, torch.inf, -torch.inf):
        checks[f'{bad} reaches what it reaches in the reference'] = partial(check_not_finite, bad, device)
    return checks


def convolution_backends(device: torch.device, dtype: torch.dtype) -> list[str]:
    """Return the back-ends of sparse convolution that can run on a device in a precision."""
    one = op.declared()['sparse_conv']
    names = [name for name, each in one.implementations.items() if device.type in each.first_on]
    names = [name for name in names if one.reason_unavailable(name, device.type) is None]
    return ['torch', *(name for name in names if (name, dtype) != ('spconv', torch.float64))]


def check_all(report: Report, device: torch.device) -> None:
    """Try every check; compilers and the reference take most of the time, so they go side by side."""
    checks = all_checks(device)
    workers, before = min(MOST_THREADS, os.cpu_count() or 1), torch.get_num_threads()
    # threads of torch below each of these would only be in each other's way
    with ThreadPoolExecutor(workers, initializer=torch.set_num_threads, initargs=(1,)) as threads:
        tried = threads.map(lambda name: _try(report, name, checks[name]), checks)
        left_out = [name for name, was in zip(checks, tried) if not was]
    torch.set_num_threads(before)
    if left_out:
        report.note(f'out of time: {len(left_out)} of {len(checks)} cases are left out')


def _try(report: Report, name: str, check: Callable) -> bool:
    """Try a check where time is left, and return whether there was."""
    if report.left() <= 0:
        return False
    report.attempt(name, check)
    return True
