"""The ops on drawn inputs against Python's integers and NumPy's float64, and under orders and moves."""

import numpy as np
import torch
from for_all import REFUSED, for_all, outcome
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from swin3d_ops import block_mlp, knn, partition_windows, sparse_conv, window_attention
from swin3d_ops.neighbors import kernel_map_between, lookup_neighbors
from swin3d_ops.resample import gather_max, interpolate, linear_gather_max
from swin3d_ops.voxel_index import lookup, nearest_to_mean, parent_voxels, unique_voxels

BACKENDS = st.sampled_from(['reference', 'torch', 'auto'])
SEEDS = st.integers(0, 2**31 - 1)


def integers(dtype):
    """Coordinates near the origin, anywhere, and at the limits of their type."""
    limits = np.iinfo(dtype)
    return st.one_of(
        st.integers(-3, 3), st.integers(limits.min, limits.max), st.sampled_from([limits.min, limits.max])
    )


@st.composite
def voxels(draw, most=12):
    dtype = draw(st.sampled_from([np.int16, np.int32, np.int64]))
    near = st.integers(-3, 3)
    coords = draw(
        hnp.arrays(
            dtype,
            (draw(st.integers(0, most)), 4),
            elements=draw(st.sampled_from([near, near, integers(dtype)])),
        )
    )
    return torch.from_numpy(coords)


def floats(seed, *shape, spread=1.0):
    return torch.from_numpy(np.random.default_rng(seed).normal(0, spread, shape))


def positions(rows, width=32):
    """Clouds whose numbers have any size that the type can tell."""
    return hnp.arrays(
        np.float32 if width == 32 else np.float64,
        st.tuples(rows, st.just(3)),
        elements=st.one_of(st.integers(-4, 4).map(float), st.floats(width=width)),
    )


def as_lists(coords):
    return [tuple(row) for row in coords.tolist()]


@for_all(coords=voxels(), window=st.one_of(st.integers(1, 9), st.integers()), shift=st.integers())
def test_windows_are_those_of_whole_numbers(coords, window, shift):
    found = outcome(lambda: partition_windows(coords, window, shift), 'window_size', 'shift', 'coords')
    if found is REFUSED:
        return
    number = [(b, *((c + shift) // window for c in xyz)) for b, *xyz in as_lists(coords)]
    assert found.order.tolist() == sorted(range(len(coords)), key=number.__getitem__)
    assert found.num_windows == len(set(number))
    assert as_lists(found.cell) == [tuple((c + shift) % window for c in xyz) for _, *xyz in as_lists(coords)]


@for_all(coords=voxels())
def test_distinct_voxels_are_those_of_a_set(coords):
    found = outcome(lambda: unique_voxels(coords), 'coords')
    if found is REFUSED:
        return
    unique, inverse = found
    assert as_lists(unique) == sorted(set(as_lists(coords)))
    assert torch.equal(unique[inverse], coords)


@for_all(coords=voxels(), one=st.integers(-1, 5), other=st.integers(1, 5))
def test_parents_of_parents_are_parents(coords, one, other):
    found = outcome(lambda: parent_voxels(coords, one), 'stride', 'coords')
    if found is REFUSED:
        return
    parents, row = found
    floors = [(b, *(c // one * one for c in xyz)) for b, *xyz in as_lists(coords)]
    assert as_lists(parents[row]) == floors
    assert torch.equal(parent_voxels(parents, one)[0], parents)
    far = outcome(lambda: parent_voxels(coords, one * other), 'stride', 'coords')
    if far is not REFUSED:
        assert torch.equal(parent_voxels(parents, one * other)[0], far[0])


@for_all(coords=voxels(), query=voxels(), kernel_size=st.integers(-1, 3))
def test_neighbours_are_the_voxels_of_that_name(coords, query, kernel_size):
    rows = outcome(lambda: lookup(coords, query), 'coords', 'query')
    names = as_lists(coords)
    if rows is not REFUSED:
        assert rows.tolist() == [names.index(v) if v in names else -1 for v in as_lists(query)]
    coords = coords.unique(dim=0)
    table = outcome(lambda: lookup_neighbors(coords, query, kernel_size), 'kernel_size', 'coords', 'query')
    if table is REFUSED:
        return
    first = -(kernel_size // 2) if kernel_size % 2 else 0
    row = {voxel: number for number, voxel in enumerate(as_lists(coords))}
    steps = range(first, first + kernel_size)
    wanted = [
        [row.get((b, x + i, y + j, z + k), -1) for b, x, y, z in as_lists(query)]
        for i in steps for j in steps for k in steps
    ]  # fmt: skip
    assert table.tolist() == wanted


@for_all(
    seed=SEEDS,
    rows=st.integers(1, 12),
    groups=st.integers(1, 4),
    columns=st.integers(1, 3),
    scale=st.integers(-8, 8),
)
def test_the_representative_of_a_group_stays_when_all_move(seed, rows, groups, columns, scale):
    groups = min(groups, rows)
    values = torch.from_numpy(np.random.default_rng(seed).integers(-9, 10, (rows, columns)).astype(float))
    group = torch.from_numpy(np.random.default_rng(seed).permutation(np.arange(rows) % groups))
    chosen = nearest_to_mean(values, group, groups)
    for number, row in enumerate(chosen.tolist()):
        members = (group == number).nonzero().flatten()
        distance = (values[members] - values[members].mean(0)).square().sum(1)
        assert group[row] == number
        assert distance[members == row] <= distance.min() * (1 + 1e-8)
    assert torch.equal(nearest_to_mean(values * 2.0**scale + 64, group, groups), chosen)


@for_all(
    clouds=st.sampled_from([32, 64]).flatmap(
        lambda width: st.tuples(positions(st.integers(0, 6), width), positions(st.integers(0, 9), width))
    ),
    k=st.integers(0, 12),
    backend=BACKENDS,
)
def test_neighbours_are_the_nearest(clouds, k, backend):
    query, source = map(torch.from_numpy, clouds)
    bounds = torch.tensor([0, len(query)]), torch.tensor([0, len(source)])
    found = outcome(lambda: knn(query, source, k, *bounds, backend=backend), 'query', 'source', 'k')
    if found is REFUSED:
        return
    index, distance = found
    if not len(query):
        assert index.shape == distance.shape == (0, k)
        return
    offset = query.double().numpy()[:, None] - source.double().numpy()[None]
    size = np.abs(offset).max(initial=0) or 1.0  # squares of its ratios neither overflow nor vanish
    exact = size * np.sqrt(((offset / size) ** 2).sum(-1))
    wanted = np.sort(exact, axis=1)[:, :k]
    wanted = np.pad(wanted, ((0, 0), (0, k - wanted.shape[1])), mode='edge')
    tolerance = 1e-6 if query.dtype == torch.float32 else 1e-13
    floor = 1e-18 if query.dtype == torch.float32 else 1e-153
    spread = np.abs(clouds[0]).max(initial=0) + np.abs(clouds[1]).max(initial=0)
    np.testing.assert_allclose(
        distance.double().numpy(), wanted, rtol=4 * tolerance, atol=floor + tolerance * spread
    )
    np.testing.assert_allclose(
        np.take_along_axis(exact, index.numpy(), 1),
        wanted,
        rtol=4 * tolerance,
        atol=floor + tolerance * spread,
    )


@for_all(
    seed=SEEDS,
    rows=st.integers(1, 9),
    results=st.integers(0, 9),
    k=st.integers(1, 4),
    channels=st.integers(0, 5),
    width=st.integers(0, 20),
    backend=BACKENDS,
)
def test_resampling_is_that_of_loops(seed, rows, results, k, channels, width, backend):
    index = torch.from_numpy(np.random.default_rng(seed).integers(0, rows, (results, k)))
    feats, weight, share = (
        floats(seed, rows, channels),
        floats(seed, width, channels),
        floats(seed, results, k),
    )
    gathered = feats.numpy()[index.numpy()]
    assert np.array_equal(gather_max(feats, index, backend), gathered.max(1))
    found = linear_gather_max(feats, weight, index, backend)
    np.testing.assert_allclose(found, (gathered @ weight.numpy().T).max(1), atol=1e-12)
    found = interpolate(feats, index, share, backend)
    np.testing.assert_allclose(found, np.einsum('mkc,mk->mc', gathered, share), atol=1e-12)


@for_all(
    index=hnp.arrays(
        np.int64,
        st.tuples(st.integers(0, 4), st.integers(0, 3)),
        elements=st.one_of(st.integers(0, 4), st.integers(-(2**63), 2**63 - 1)),
    ),
    rows=st.integers(0, 5),
    backend=BACKENDS,
)
def test_rows_that_do_not_exist_are_refused(index, rows, backend):
    feats, rows_of = torch.ones(rows, 2), torch.from_numpy(index)
    exist = index.shape[1] > 0 and bool(((index >= 0) & (index < rows)).all())
    found = outcome(lambda: gather_max(feats, rows_of, backend), 'index')
    assert (found is not REFUSED) == exist


@for_all(coords=voxels(9), seed=SEEDS, kernel_size=st.integers(1, 3), backend=BACKENDS)
def test_convolution_is_the_sum_over_neighbours_in_any_order(coords, seed, kernel_size, backend):
    coords = (coords.long() % 4).unique(dim=0)
    feats, weight = floats(seed, len(coords), 3), floats(seed + 1, kernel_size**3, 3, 2)
    kernel_map = kernel_map_between(coords, coords, kernel_size)
    found = sparse_conv(feats, weight, kernel_map, backend)
    table = lookup_neighbors(coords, coords, kernel_size).tolist()
    wanted = np.zeros((len(coords), 2))
    for rows, matrix in zip(table, weight.numpy()):
        for target, source in enumerate(rows):
            if source >= 0:
                wanted[target] += feats.numpy()[source] @ matrix
    np.testing.assert_allclose(found, wanted, atol=1e-12)
    order = torch.from_numpy(np.random.default_rng(seed).permutation(len(coords)))
    turned = kernel_map_between(coords[order], coords[order], kernel_size)
    np.testing.assert_allclose(sparse_conv(feats[order], weight, turned, backend), found[order], atol=1e-12)


@for_all(
    seed=SEEDS,
    rows=st.integers(0, 9),
    channels=st.integers(1, 9),
    columns=st.integers(1, 20),
    scale=st.floats(-12, 12),
    backend=BACKENDS,
)
def test_the_feed_forward_branch_adds_nothing_without_a_weight_and_knows_no_scale(
    seed, rows, channels, columns, scale, backend
):
    feats = floats(seed, rows, channels)
    parts = (
        floats(seed, channels),
        floats(seed, channels),
        floats(seed, columns, channels),
        floats(seed, columns),
    )
    last = floats(seed, channels, columns), floats(seed, channels)
    assert torch.equal(block_mlp(feats, *parts, *last, torch.zeros(rows).double(), backend=backend), feats)
    one = block_mlp(feats, *parts, *last, backend=backend)
    half = block_mlp(feats, *parts, *last, torch.full((rows,), 0.5).double(), backend=backend)
    np.testing.assert_allclose(half, (one + feats) / 2, atol=1e-10)
    np.testing.assert_allclose(
        block_mlp(feats + scale, *parts, *last, backend=backend) - scale, one, atol=1e-8
    )


@for_all(
    seed=SEEDS,
    rows=st.integers(1, 12),
    heads=st.integers(1, 3),
    width=st.sampled_from([1, 3, 8, 16]),
    window=st.integers(1, 4),
    table_rows=st.lists(st.integers(1, 6), max_size=3),
    backend=BACKENDS,
)
def test_attention_is_a_mean_of_values_that_knows_no_order(
    seed, rows, heads, width, window, table_rows, backend
):
    q, k, v = (floats(seed + i, rows, heads, width) for i in range(3))
    tables = [floats(seed + i, sum(table_rows), heads, width) for i in (3, 4)]
    none = torch.zeros_like(tables[0])
    signals = floats(seed, rows, len(table_rows), spread=2.0)
    coords = torch.from_numpy(np.random.default_rng(seed).integers(0, 4, (rows, 4)))
    coords[:, 0] = 0

    def run(order, values):
        windows = partition_windows(coords[order], window, 0)
        inputs = q[order], k[order], values[order], *tables, none, signals[order]
        return window_attention(*inputs, tuple(table_rows), windows, backend=backend), windows

    order = torch.arange(rows)
    found, windows = run(order, v)
    for number in range(windows.num_windows):
        inside = windows.order[windows.ptr[number] : windows.ptr[number + 1]]
        assert (found[inside] <= v[inside].amax(0) + 1e-9).all()
        assert (found[inside] >= v[inside].amin(0) - 1e-9).all()
    np.testing.assert_allclose(run(order, 2 * v + 3)[0], 2 * found + 3, atol=1e-9)
    order = torch.from_numpy(np.random.default_rng(seed).permutation(rows))
    np.testing.assert_allclose(run(order, v)[0], found[order], atol=1e-9)
