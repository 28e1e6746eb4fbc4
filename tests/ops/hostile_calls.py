"""Calls the ops with arguments that make no sense: ``hostile_calls.py CASES SEED OP...``, in its own process.

Arguments that make sense are drawn, and one or two of them spoilt. Every back-end must give the oracle's
result, or all must refuse with a ValueError or TypeError. The last line printed is JSON that holds what went
wrong; each case is announced before it runs, so that a crash can be laid at its door.
"""

from __future__ import annotations

import json
import os
import random
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from unittest import mock

import torch
from swin3d_ops import (
    KernelMap,
    WindowIndex,
    block_mlp,
    knn,
    neighbors,
    partition_windows,
    resample,
    row_linear,
    sparse_conv,
    voxel_index,
    window_attention,
)
from swin3d_ops.sparse_conv import reference

SIZES = (0, -1, 1, 2, 5, 2**15, 2**31 - 1, 2**31, 2**50, 2**62, 2**63, 10**30, True, 2.0, None, '3')
ROWS = (-1, 0, 1, 2, 5, 7, 10**9, 2**31 - 1, -(2**31), 2**40, 2**62, 2**63 - 1, -(2**63))
FORMS = ('reference', 'torch', 'cpu')


class Draw(random.Random):
    """Random arguments, and random ways to spoil them."""

    def floats(self, *shape: int, dtype: torch.dtype = torch.float32) -> torch.Tensor:
        generator = torch.Generator().manual_seed(self.randrange(2**31))
        return torch.randn(*shape, generator=generator, dtype=torch.float64).to(dtype)

    def integers(self, low: int, high: int, *shape: int, dtype: torch.dtype = torch.int64) -> torch.Tensor:
        generator = torch.Generator().manual_seed(self.randrange(2**31))
        if low >= high:
            return torch.zeros(*shape, dtype=dtype)
        return torch.randint(low, high, shape, generator=generator).to(dtype)

    def spoil(self, value):
        """Return another value, which may make sense still."""
        if isinstance(value, torch.Tensor):
            return self._spoil_tensor(value)
        if isinstance(value, tuple):
            return self.choice([value[1:], (*value, 1), None, (0, *value[1:]), 3, tuple(map(str, value))])
        return self.choice(SIZES)

    def _spoil_tensor(self, tensor):
        way = self.choice('dtype kind shape value value value layout'.split())
        if way == 'dtype':
            dtypes = torch.int8, torch.int32, torch.int64, torch.float16, torch.float64
            return tensor.to(self.choice(dtypes))
        if way == 'kind':
            return self.choice([None, tensor.tolist(), tensor.numpy(), tensor.to('meta'), tensor.to_sparse(),
                                torch.complex(tensor.float(), tensor.float())])  # fmt: skip
        if way == 'shape':
            return self.choice([tensor[:-1], tensor[:0], tensor[None], tensor[..., None], tensor[..., :0],
                                torch.cat([tensor, tensor[:1]])])  # fmt: skip
        if way == 'layout':  # makes sense
            return torch.stack([tensor, tensor], dim=-1)[..., 0]
        return self.overwrite(tensor.clone())

    def overwrite(self, tensor):
        """Write a number into a tensor of integers that may not belong there."""
        if tensor.numel() and tensor.dtype in (torch.int8, torch.int16, torch.int32, torch.int64):
            limits = torch.iinfo(tensor.dtype)
            row = self.choice([row for row in ROWS if limits.min <= row <= limits.max])
            tensor.view(-1)[self.randrange(tensor.numel())] = row
        return tensor


def outcome(call: Callable):
    """Return the tensors of a call, or 'refused', or the name of another error."""
    try:
        results = call()
    except (ValueError, TypeError):
        return 'refused'
    except Exception as error:
        return f'{type(error).__name__}: {error}'[:300]
    return list(results) if isinstance(results, (tuple, list)) else [results]


def with_gradients(function, *tensors):
    """Return a function's result and the gradients of its weighted sum, zero where there is none."""
    tensors = [
        t.detach().requires_grad_() if isinstance(t, torch.Tensor) and t.is_floating_point() else t
        for t in tensors
    ]
    out = function(*tensors)
    leaves = [t for t in tensors if isinstance(t, torch.Tensor) and t.requires_grad]
    grads = [None] * len(leaves)
    if out.requires_grad:
        weight = torch.arange(1, out.numel() + 1).view(out.shape).to(out.dtype) / max(1, out.numel())
        grads = torch.autograd.grad(out, leaves, weight, allow_unused=True)
    return [out.detach(), *(torch.zeros_like(t) if g is None else g for t, g in zip(leaves, grads))]


def agree(one, other) -> bool:
    """Whether both refuse, or both give the same tensors."""
    if isinstance(one, str) or isinstance(other, str):
        return one == other == 'refused'
    return len(one) == len(other) and all(map(_alike, one, other))


def _alike(a, b) -> bool:
    if not isinstance(a, torch.Tensor):
        return a == b
    if a.shape != b.shape or a.dtype != b.dtype:
        return False
    tolerance = {torch.float16: 1e-2, torch.bfloat16: 5e-2, torch.float32: 2e-4}.get(a.dtype, 1e-9)
    scale = max(1.0, b.double().abs().max().item()) if b.numel() else 1.0
    return torch.allclose(a.double(), b.double(), rtol=tolerance, atol=tolerance * scale, equal_nan=True)


def told(results) -> str:
    """Say an outcome in a line."""
    if isinstance(results, str):
        return results
    return ', '.join(f'{tuple(result.shape)} {result.flatten()[:4].tolist()}' for result in results)


def spoilt(draw: Draw, arguments: dict) -> dict:
    """Spoil up to two of the arguments."""
    for name in draw.sample(sorted(arguments), draw.choice((0, 1, 1, 2))):
        arguments[name] = draw.spoil(arguments[name])
    return arguments


def windows_of(draw: Draw, count: int) -> dict:
    """Draw a partition in hand-made form, empty windows included."""
    cuts = sorted(draw.randint(0, count) for _ in range(draw.choice((0, 1, 3))))
    order = torch.tensor(draw.sample(range(count), count), dtype=torch.int64)
    return dict(order=order, ptr=torch.tensor([0, *cuts, count]))


def attention_case(draw: Draw) -> Iterator[tuple[str, Callable]]:
    count, heads, width = draw.choice((0, 1, 2, 9, 40)), draw.choice((1, 2, 9)), draw.choice((1, 8, 19))
    table_rows = draw.choice(((), (3,), (6, 4), (40, 40, 40, 32, 32, 32)))
    dtype = draw.choice((torch.float32, torch.float64, torch.float16))
    arguments = {name: draw.floats(count, heads, width, dtype=dtype) for name in 'qkv'}
    for name in ('q_table', 'k_table', 'v_table'):
        arguments[name] = draw.floats(sum(table_rows), heads, width, dtype=dtype) / 4
    arguments.update(signals=draw.floats(count, len(table_rows)) * 3, table_rows=table_rows, scale=0.3)
    partition = windows_of(draw, count)
    if count and not draw.randrange(4):
        coords = draw.integers(-5, 5, count, 4)
        index = partition_windows(coords, draw.choice((1, 3)), 1)
        partition = dict(order=index.order, ptr=index.ptr)
    target = arguments if draw.randrange(2) else partition
    target.update(spoilt(draw, dict(target)))
    if isinstance(arguments['scale'], int):
        arguments['scale'] %= 5  # larger ones make sense, and make the most of rounding
    windows = WindowIndex(**partition, cell=torch.zeros(count, 3, dtype=torch.int64))
    names = ('q', 'k', 'v', 'q_table', 'k_table', 'v_table')
    rest = {name: value for name, value in arguments.items() if name not in names}

    def run(backend):
        def function(*tensors):
            return window_attention(*tensors, windows=windows, backend=backend, **rest)

        return with_gradients(function, *(arguments[name] for name in names))

    yield from ((backend, lambda backend=backend: run(backend)) for backend in FORMS)
    for values in (windows.order, windows.ptr):  # the same again, after a write that torch does not count
        if isinstance(values, torch.Tensor) and values.layout == torch.strided and not values.is_meta:
            draw.overwrite(torch.from_numpy(values.numpy()))
    yield from ((backend, lambda backend=backend: run(backend)) for backend in FORMS)


def resample_case(draw: Draw) -> Iterator[tuple[str, Callable]]:
    rows, results, k = draw.choice((0, 1, 5, 30)), draw.choice((0, 1, 7, 40)), draw.choice((1, 2, 5))
    channels, width = draw.choice((0, 1, 7, 48)), draw.choice((0, 1, 20))
    dtype = draw.choice((torch.float32, torch.float64))
    index = draw.integers(0, rows, results if rows else 0, k)
    feats = draw.floats(rows, channels, dtype=dtype)
    op, weight = draw.choice(
        [(resample.gather_max, None), (resample.interpolate, draw.floats(*index.shape, dtype=dtype)),
         (resample.linear_gather_max, draw.floats(width, channels, dtype=dtype))]
    )  # fmt: skip
    arguments = dict(feats=feats, index=index, **({} if weight is None else dict(weight=weight)))
    arguments = spoilt(draw, arguments)

    def run(backend):
        def function(*values):
            return op(**dict(zip(arguments, values)), backend=backend)

        return with_gradients(function, *arguments.values())

    yield from ((backend, lambda backend=backend: run(backend)) for backend in FORMS)


def knn_case(draw: Draw) -> Iterator[tuple[str, Callable]]:
    queries, sources = draw.choice((0, 1, 30)), draw.choice((1, 2, 60))
    dtype = draw.choice((torch.float32, torch.float64))
    spread = draw.choice((1.0, 1e-3, 1e6))
    cut = draw.randint(0, queries), draw.randint(1, sources)
    arguments = dict(
        query=draw.floats(queries, 3, dtype=dtype) * spread,
        source=draw.floats(sources, 3, dtype=dtype) * spread,
        k=draw.choice((1, 3, 70)), query_ptr=torch.tensor([0, cut[0], queries]),
        source_ptr=torch.tensor([0, cut[1], sources]),
    )  # fmt: skip
    arguments = spoilt(draw, arguments)
    if isinstance(arguments['k'], int) and arguments['k'] > 10**4:
        arguments['k'] = draw.choice((2**31, 2**63))  # more would be right and fill the memory
    yield from ((backend, lambda backend=backend: knn(**arguments, backend=backend)) for backend in FORMS)


def feed_forward_case(draw: Draw) -> Iterator[tuple[str, Callable]]:
    rows, channels, columns = draw.choice((0, 1, 9, 150)), draw.choice((1, 7, 48)), draw.choice((1, 20, 200))
    dtype = draw.choice((torch.float32, torch.float64))
    shapes = dict(
        feats=(rows, channels), norm_weight=(channels,), norm_bias=(channels,), weight1=(columns, channels),
        bias1=(columns,), weight2=(channels, columns), bias2=(channels,), row_weight=(rows,),
    )  # fmt: skip
    arguments = {name: draw.floats(*shape, dtype=dtype) for name, shape in shapes.items()}
    if draw.randrange(2):
        arguments['row_weight'] = None
    arguments = spoilt(draw, arguments)
    row_weight = arguments.pop('row_weight')

    def run(backend):
        def function(*tensors):
            return block_mlp(*tensors, row_weight, backend=backend)

        return with_gradients(function, *arguments.values())

    yield from ((backend, lambda backend=backend: run(backend)) for backend in FORMS)


def row_linear_case(draw: Draw) -> Iterator[tuple[str, Callable]]:
    rows, channels, columns = draw.choice((0, 1, 9, 150)), draw.choice((1, 7, 48)), draw.choice((1, 20, 200))
    dtype = draw.choice((torch.float32, torch.float64))
    shapes = dict(
        feats=(rows, channels), weight=(columns, channels), bias=(columns,), norm_weight=(channels,),
        norm_bias=(channels,), residual=(rows, columns), row_weight=(rows,),
    )  # fmt: skip
    arguments = {name: draw.floats(*shape, dtype=dtype) for name, shape in shapes.items()}
    arguments.update({name: None for name in ('residual', 'row_weight') if draw.randrange(2)})
    arguments = spoilt(draw, arguments)
    row_weight, normalised = arguments.pop('row_weight'), draw.randrange(2)

    def run(backend):
        def function(feats, weight, bias, norm_weight, norm_bias, residual):
            norm = (norm_weight, norm_bias, 1e-5) if normalised else None
            return row_linear(feats, weight, bias, norm, residual, row_weight, backend=backend)

        return with_gradients(function, *arguments.values())

    yield from ((backend, lambda backend=backend: run(backend)) for backend in FORMS)


def random_pairs(draw: Draw) -> tuple[dict, int]:
    sources, targets, offsets = draw.choice((0, 1, 9)), draw.choice((0, 1, 600)), draw.choice((0, 1, 3))
    counts = [draw.randint(0, 8) if sources and targets else 0 for _ in range(offsets)]
    target = [sorted(draw.randrange(targets) for _ in range(count)) for count in counts]
    flat = torch.tensor([row for rows in target for row in rows], dtype=torch.int32)
    source = draw.integers(0, sources, len(flat), dtype=torch.int32)
    ptr = torch.tensor([0, *counts]).cumsum(0)
    return dict(source=source, target=flat, ptr=ptr, num_sources=sources, num_targets=targets), offsets


def pairs_make_sense(pairs: KernelMap, in_order: bool = True) -> bool:
    """The conditions of the docstring, in Python."""
    bounds, source, target = pairs.ptr.tolist(), pairs.source.tolist(), pairs.target.tolist()
    if bounds[0] != 0 or bounds[-1] != len(source) or sorted(bounds) != bounds:
        return False
    inside = all(0 <= row < pairs.num_sources for row in source)
    inside = inside and all(0 <= row < pairs.num_targets for row in target)
    ordered = all(sorted(target[a:b]) == target[a:b] for a, b in zip(bounds, bounds[1:]))
    return inside and (ordered or not in_order)


def convolution_case(draw: Draw) -> Iterator[tuple[str, Callable]]:
    arguments, offsets = random_pairs(draw)
    channels, width = draw.choice((0, 1, 5)), draw.choice((0, 1, 20))
    feats = draw.floats(arguments['num_sources'], channels)
    weight = draw.floats(offsets, channels, width)
    arguments = spoilt(draw, arguments)
    if isinstance(arguments['num_targets'], int) and arguments['num_targets'] > 10**4:
        arguments['num_targets'] = draw.choice((2**31, 2**63))  # less would be right and fill the memory
    kept = []

    def run(backend):
        if not kept:
            kept.append(KernelMap(**arguments))
        return with_gradients(lambda f, w: sparse_conv(f, w, kept[0], backend), feats, weight)

    def expected(in_order=True):
        kernel_map = kept[0]
        fitting = kernel_map.num_sources == len(feats) and kernel_map.num_offsets == len(weight)
        if fitting and pairs_make_sense(kernel_map, in_order):
            return reference.sparse_conv(feats, weight, kernel_map)
        raise ValueError

    def by_operator():
        """The kernels' own look: targets out of order within a block do no harm; others may be refused."""
        source, target, ptr = kept[0].source, kept[0].target, kept[0].ptr
        rows = source, target, target, source, ptr
        try:
            return torch.ops.swin3d.sparse_conv(feats, weight, *rows, kept[0].num_targets)
        except ValueError:
            if pairs_make_sense(kept[0]):
                raise
            return expected(in_order=False)

    yield from ((backend, lambda backend=backend: run(backend)) for backend in FORMS)
    if not kept or kept[0].num_sources != len(feats) or kept[0].num_offsets != len(weight):
        return
    draw.overwrite(getattr(kept[0], draw.choice(('source', 'target', 'ptr'))))
    yield 'reference', expected
    yield from (
        (backend, lambda backend=backend: sparse_conv(feats, weight, kept[0], backend)) for backend in FORMS
    )
    yield 'reference', lambda: expected(in_order=False)
    yield 'cpu operator', by_operator


def far_coords(draw: Draw, count: int) -> torch.Tensor:
    dtype = draw.choice((torch.int16, torch.int32, torch.int64))
    coords = draw.integers(-4, 5, count, 4, dtype=dtype)
    limits = torch.iinfo(dtype)
    centre = draw.choice((0, 0, limits.max - 4, limits.min + 4, limits.max // 2))
    coords[:, draw.randrange(4)] += centre
    return draw.overwrite(coords) if not draw.randrange(4) else coords


def windows_case(draw: Draw) -> Iterator[tuple[str, Callable]]:
    arguments = dict(
        coords=far_coords(draw, draw.choice((0, 1, 30))),
        window_size=draw.choice((1, 3, 5, 64, 2**31, 2**40, 2**50, 2**62)),
        shift=draw.choice((0, 2, -7, 2**31, -(2**62), 2**63, 10**30)),
    )
    arguments = spoilt(draw, arguments)

    def oracle():
        partition_windows(**arguments)  # refuses
        coords = arguments['coords'].tolist()
        size, shift = arguments['window_size'], arguments['shift']
        window = [(b, *((c + shift) // size for c in xyz)) for b, *xyz in coords]
        cell = [[(c + shift) % size for c in xyz] for _, *xyz in coords]
        order = sorted(range(len(coords)), key=window.__getitem__)
        breaks = [i for i in range(len(order)) if i == 0 or window[order[i]] != window[order[i - 1]]]
        lists = order, [*breaks, len(coords)] if coords else [0], cell or torch.zeros(0, 3)
        return [torch.as_tensor(values, dtype=torch.int64) for values in lists]

    def run():
        index = partition_windows(**arguments)
        return [index.order, index.ptr, index.cell]

    yield 'reference', oracle
    yield from by_form(run)


def by_form(run: Callable) -> Iterator[tuple[str, Callable]]:
    """Run by the library's kernels of integer work and by torch."""
    for name in ('torch', 'cpu'):

        def call(name=name):
            with mock.patch.dict(os.environ, SWIN3D_OPS=name):
                return run()

        yield name, call


def neighbours_case(draw: Draw) -> Iterator[tuple[str, Callable]]:
    coords = far_coords(draw, draw.choice((0, 1, 30)))
    query = far_coords(draw, draw.choice((0, 1, 20))) if draw.randrange(2) else coords
    arguments = dict(coords=coords, query=query, kernel_size=draw.choice((1, 2, 3, 5)))
    arguments = spoilt(draw, arguments)

    def oracle():
        neighbors.lookup_neighbors(**arguments)  # refuses
        k, first = arguments['kernel_size'], {}
        for row, voxel in enumerate(arguments['coords'].tolist()):
            first.setdefault(tuple(voxel), row)
        steps = [step - (k // 2 if k % 2 else 0) for step in range(k)]
        rows = [
            [first.get((b, x + i, y + j, z + l), -1) for b, x, y, z in arguments['query'].tolist()]
            for i in steps for j in steps for l in steps  # noqa: E741
        ]  # fmt: skip
        return torch.tensor(rows, dtype=torch.int64).view(k**3, -1), torch.tensor(rows).ge(0).sum().view(1)

    def run():
        rows = neighbors.lookup_neighbors(**arguments)
        pairs = neighbors.kernel_map_between(**arguments)
        count = torch.tensor([len(pairs.source)])
        return rows, count if pairs_make_sense(pairs) and pairs_make_sense(pairs.exchanged) else -count

    yield 'reference', oracle
    yield from by_form(run)


def voxels_case(draw: Draw) -> Iterator[tuple[str, Callable]]:
    coords, query = far_coords(draw, draw.choice((0, 1, 30))), far_coords(draw, 20)
    if not draw.randrange(3):
        arguments = spoilt(draw, dict(coords=coords, stride=draw.choice((1, 2, 3, 2**31, 2**62))))

        def oracle():
            voxel_index.parent_voxels(**arguments)  # refuses
            stride, voxels = arguments['stride'], arguments['coords'].tolist()
            parents = [(b, *(c // stride * stride for c in xyz)) for b, *xyz in voxels]
            unique = sorted(set(parents))
            lists = unique or torch.zeros(0, 4), [unique.index(parent) for parent in parents]
            dtypes = arguments['coords'].dtype, torch.int64
            return [torch.as_tensor(values, dtype=dtype) for values, dtype in zip(lists, dtypes)]

        yield 'reference', oracle
        yield 'torch', lambda: voxel_index.parent_voxels(**arguments)
        return
    if draw.randrange(2):
        arguments = spoilt(draw, dict(coords=coords, query=query))

        def oracle():
            voxel_index.lookup(**arguments)  # refuses
            voxels = arguments['coords'].tolist()
            return torch.tensor(
                [voxels.index(voxel) if voxel in voxels else -1 for voxel in arguments['query'].tolist()],
                dtype=torch.int64,
            )

        yield 'reference', oracle
        yield 'torch', lambda: voxel_index.lookup(**arguments)
        return
    groups = draw.choice((1, 3))
    arguments = dict(
        rows=draw.floats(12, draw.choice((0, 1, 3))), group=torch.arange(12) % groups, num_groups=groups
    )
    arguments = spoilt(draw, arguments)

    def oracle():
        voxel_index.nearest_to_mean(**arguments)  # refuses
        chosen = []
        for group in range(arguments['num_groups']):
            member = (arguments['group'] == group).nonzero().flatten()
            rows = arguments['rows'][member].double()
            chosen.append(int(member[(rows - rows.mean(0)).square().sum(1).argmin()]))
        return torch.tensor(chosen, dtype=torch.int64)

    yield 'reference', oracle
    yield 'torch', lambda: voxel_index.nearest_to_mean(**arguments)


CASES = dict(
    window_attention=attention_case,
    block_mlp=feed_forward_case,
    row_linear=row_linear_case,
    resample=resample_case,
    knn=knn_case,
    sparse_conv=convolution_case,
    partition_windows=windows_case,
    neighbors=neighbours_case,
    voxel_index=voxels_case,
)


def run(op: str, count: int, seed: int) -> tuple[list[str], Counter]:
    """Return what went wrong, and how often the oracle gave results or refused."""
    wrong, kinds = [], Counter()
    for case in range(count):
        draw, expected = Draw(f'{op} {seed} {case}'), None
        for form, call in CASES[op](draw):
            print(f'{op} case {case} {form}', flush=True)
            got = outcome(call)
            if form == 'reference':
                expected = got
                kinds['refused' if isinstance(got, str) else 'results'] += 1
            if not agree(got, expected):
                wrong.append(f'{op} case {case}: {form} gives {told(got)}, the reference {told(expected)}')
    return wrong, kinds


def main(count: int, seed: int, ops: list[str]) -> None:
    """Run the cases of some ops and print what went wrong."""
    found = {op: run(op, count, seed) for op in ops}
    wrong = [line for lines, _ in found.values() for line in lines]
    print(json.dumps(dict(wrong=wrong, kinds={op: kinds for op, (_, kinds) in found.items()})))


if __name__ == '__main__':
    main(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3:])
