"""Sparse convolution by every back-end against a float64 sum over pairs: values, gradients, order, errors."""

from __future__ import annotations

import pytest
import torch
from swin3d_ops import KernelMap, available_backends, cpu_library, sparse_conv, voxel_index
from swin3d_ops.neighbors import kernel_map_between

SPCONV, CPU = (available_backends('sparse_conv')[name] for name in ('spconv', 'cpu'))
needs_kernels = pytest.mark.skipif(CPU is not None, reason=str(CPU))
WIDTHS = (1, 3, 16, 17, 32, 48, 96)
TOLERANCE = {torch.float32: dict(rtol=1e-5, atol=1e-5), torch.float64: dict(rtol=1e-12, atol=1e-12)}


def random_map(num_sources=700, num_targets=1300, offsets=5, fill=0.4, seed=0):
    """Pairs in random order under each offset; no row meets two under one offset, the last meets none."""
    generator = torch.Generator().manual_seed(seed)
    count = int(min(num_sources, num_targets) * fill)
    counts = [count] * (offsets - 1) + [0]
    source, target = (
        torch.cat([torch.randperm(rows, generator=generator)[:n] for n in counts]).int()
        for rows in (num_sources, num_targets)
    )
    return KernelMap.ordered(source, target, counts, num_sources, num_targets)


@pytest.mark.parametrize('backend', ['reference', 'torch', 'auto'])
def test_a_map_of_rows_that_do_not_exist_is_refused_though_it_is_known(backend):
    rows = torch.tensor([0, 7], dtype=torch.int32)
    kernel_map = KernelMap(rows, rows, torch.tensor([0, 2]), 5, 8, known=True)
    with pytest.raises(ValueError, match=r'sources? (must lie )?in \[0, 5\)'):
        sparse_conv(torch.ones(5, 3), torch.ones(1, 3, 2), kernel_map, backend)


def problem(kernel_map, channels, columns, dtype, seed=1):
    """Inputs that require gradients, and a gradient of the output."""
    generator = torch.Generator().manual_seed(seed)
    offsets = kernel_map.num_offsets

    def draw(*shape):
        return torch.randn(*shape, generator=generator, dtype=torch.float64).to(dtype)

    inputs = draw(kernel_map.num_sources, channels), draw(offsets, channels, columns) / channels**0.5
    return [t.requires_grad_() for t in inputs], draw(kernel_map.num_targets, columns)


def with_gradients(backend, inputs, grad, kernel_map):
    out = sparse_conv(*inputs, kernel_map, backend)
    return [out, *torch.autograd.grad(out, inputs, grad)]


def assert_equals_reference(backend, kernel_map, channels, columns, dtype):
    inputs, grad = problem(kernel_map, channels, columns, dtype)
    got = with_gradients(backend, inputs, grad, kernel_map)
    wide = [t.detach().double().requires_grad_() for t in inputs]
    expected = with_gradients('reference', wide, grad.double(), kernel_map)
    for a, b in zip(got, expected):
        assert a.dtype == dtype
        scale = max(b.abs().max().item(), 1) if b.numel() else 1
        torch.testing.assert_close(a.double() / scale, b / scale, **TOLERANCE[dtype])


@pytest.fixture(params=['torch', *cpu_library.ISA_FLAGS, 'spconv'])
def backend(request, use_isa):
    """Name of a back-end for tensors on the CPU, 'cpu' in the build of every instruction set."""
    if request.param == 'spconv' and SPCONV is not None:
        pytest.skip(SPCONV)
    if request.param in cpu_library.ISA_FLAGS:
        use_isa(request.param)
        return 'cpu'
    return request.param


@pytest.mark.parametrize('dtype', [torch.float32, torch.float64, torch.bfloat16])
@pytest.mark.parametrize('channels', WIDTHS)
def test_transposed_weights_are_read_where_they_lie(backend, channels, dtype):
    kernel_map = random_map()
    for columns in WIDTHS:
        (feats, weight), _ = problem(kernel_map, channels, columns, dtype)
        flipped = weight.detach().transpose(1, 2).contiguous().transpose(1, 2)
        expected = sparse_conv(feats, weight, kernel_map, backend)
        assert torch.equal(sparse_conv(feats, flipped, kernel_map, backend), expected)


@pytest.mark.parametrize('dtype', [torch.float32, torch.float64])
@pytest.mark.parametrize('channels', WIDTHS)
def test_values_and_gradients_equal_the_sum_over_pairs(backend, channels, dtype):
    kernel_map = random_map()
    for columns in WIDTHS:
        assert_equals_reference(backend, kernel_map, channels, columns, dtype)


def drawn_voxels(seed, count=900, extent=9):
    coords = torch.randint(-extent, extent, (count, 4), generator=torch.Generator().manual_seed(seed))
    coords[:, 0] %= 2
    return torch.unique(coords, dim=0)


def drawn_map(kind, kernel_size):
    """Maps of the kinds of convolution; voxels of two batch items."""
    sources, targets = drawn_voxels(0), drawn_voxels(1)
    if kind == 'submanifold':
        targets = sources
    if kind == 'strided':  # to the parents of stride 2
        targets = voxel_index.parent_voxels(sources, 2)[0]
    if kind == 'unsorted':
        sources = sources[torch.randperm(len(sources), generator=torch.Generator().manual_seed(2))]
    kernel_map = kernel_map_between(sources, targets, kernel_size)
    return kernel_map.exchanged if kind == 'transposed' else kernel_map


@pytest.mark.parametrize('dtype', [torch.float32, torch.float64])
@pytest.mark.parametrize('kernel_size', [1, 2, 3])
@pytest.mark.parametrize('kind', ['submanifold', 'strided', 'other voxels', 'unsorted', 'transposed'])
def test_every_kind_of_convolution(backend, kind, kernel_size, dtype):
    kernel_map = drawn_map(kind, kernel_size)
    assert len(kernel_map.source)
    assert_equals_reference(backend, kernel_map, 5, 18, dtype)


def test_rows_that_several_inputs_reach_under_one_offset(backend):
    """Pairs that are no table: two inputs of one output under one offset, and the other way round."""
    twice = torch.tensor([0, 1, 2, 2], dtype=torch.int32)
    target = torch.tensor([3, 3, 1, 2], dtype=torch.int32)
    kernel_map = KernelMap(twice, target, torch.tensor([0, 2, 4]), 3, 4)
    assert_equals_reference(backend, kernel_map, 3, 5, torch.float64)


@pytest.mark.parametrize('num_sources, num_targets', [(1, 1), (1, 600), (600, 1), (9, 513)])
def test_few_rows(backend, num_sources, num_targets):
    assert_equals_reference(backend, random_map(num_sources, num_targets, fill=1.0), 17, 33, torch.float32)


def test_pairs_of_a_few_blocks_leave_the_other_rows_zero(backend):
    target = torch.tensor([3, 1600], dtype=torch.int32)
    kernel_map = KernelMap.ordered(torch.tensor([1, 0], dtype=torch.int32), target, [0, 2, 0], 2, 3000)
    assert_equals_reference(backend, kernel_map, 16, 16, torch.float32)
    out = sparse_conv(torch.ones(2, 16), torch.ones(3, 16, 16), kernel_map, backend)
    assert out.any(1).nonzero().flatten().tolist() == target.tolist()


@pytest.mark.parametrize('num_sources, num_targets', [(0, 0), (0, 4), (5, 0), (5, 4)])
@pytest.mark.parametrize('offsets', [0, 3])
def test_no_pairs_give_zeros(backend, offsets, num_sources, num_targets):
    nothing = torch.empty(0, dtype=torch.int32)
    kernel_map = KernelMap.ordered(nothing, nothing, [0] * offsets, num_sources, num_targets)
    inputs, grad = problem(kernel_map, 16, 32, torch.float32)
    out, *grads = with_gradients(backend, inputs, grad, kernel_map)
    assert out.shape == (num_targets, 32)
    assert not any(t.any() for t in (out, *grads))


@pytest.mark.parametrize('channels, columns', [(0, 4), (4, 0), (0, 0)])
def test_no_channels_give_zeros(backend, channels, columns):
    kernel_map = random_map(20, 30, offsets=3)
    feats, weight = torch.ones(20, channels), torch.ones(3, channels, columns)
    inputs = [t.requires_grad_() for t in (feats, weight)]
    out, *grads = with_gradients(backend, inputs, torch.ones(30, columns), kernel_map)
    assert out.shape == (30, columns) and not any(t.any() for t in (out, *grads))


def test_gradcheck(backend):
    kernel_map = random_map(9, 12, offsets=3, fill=0.7)
    inputs, _ = problem(kernel_map, 3, 5, torch.float64)
    assert torch.autograd.gradcheck(lambda x, w: sparse_conv(x, w, kernel_map, backend), inputs)


def test_only_the_gradients_asked_for_are_computed(backend):
    kernel_map = random_map()
    (feats, weight), grad = problem(kernel_map, 16, 16, torch.float32)
    whole = with_gradients(backend, (feats, weight), grad, kernel_map)
    out = sparse_conv(feats, weight.detach(), kernel_map, backend)
    assert torch.equal(torch.autograd.grad(out, feats, grad)[0], whole[1])
    out = sparse_conv(feats.detach(), weight, kernel_map, backend)
    assert torch.equal(torch.autograd.grad(out, weight, grad)[0], whole[2])


def test_inputs_that_do_not_lie_densely_are_read_where_they_are(backend):
    """A layer's weight comes as a view with its output channels first in memory."""
    kernel_map = random_map(20, 30, offsets=3)
    (feats, weight), grad = problem(kernel_map, 4, 6, torch.float64)
    strided = (
        feats.detach().t().contiguous().t(),
        weight.detach().permute(2, 0, 1).contiguous().permute(1, 2, 0),
    )
    assert not any(t.is_contiguous() for t in strided)
    got = with_gradients(backend, [t.detach().requires_grad_() for t in strided], grad, kernel_map)
    for one, other in zip(got, with_gradients(backend, (feats, weight), grad, kernel_map)):
        assert torch.equal(one, other)


def test_any_number_of_threads_gives_the_same_bits(isa):
    kernel_map = random_map(5000, 4000, offsets=8)
    inputs, grad = problem(kernel_map, 70, 48, torch.float32)
    before, results = torch.get_num_threads(), []
    try:
        for threads in (1, 2, 2, 3):
            torch.set_num_threads(threads)
            results.append(with_gradients('cpu', inputs, grad, kernel_map))
    finally:
        torch.set_num_threads(before)
    for other in results[1:]:
        assert all(torch.equal(a, b) for a, b in zip(results[0], other))


def test_order_of_the_given_pairs_changes_no_bit(backend):
    kernel_map = random_map()
    bounds, generator = kernel_map.ptr.tolist(), torch.Generator().manual_seed(3)
    order = torch.cat(
        [low + torch.randperm(high - low, generator=generator) for low, high in zip(bounds, bounds[1:])]
    )
    counts = kernel_map.ptr.diff().tolist()
    shuffled = KernelMap.ordered(kernel_map.source[order], kernel_map.target[order], counts, 700, 1300)
    inputs, grad = problem(kernel_map, 20, 20, torch.float32)
    results = [with_gradients(backend, inputs, grad, one) for one in (kernel_map, shuffled)]
    assert all(torch.equal(a, b) for a, b in zip(*results))


@pytest.mark.parametrize('dtype', [torch.float16, torch.bfloat16])
def test_half_precision_is_computed_in_float32(backend, dtype):
    kernel_map = random_map()
    inputs, _ = problem(kernel_map, 16, 16, dtype)
    out = sparse_conv(*inputs, kernel_map, backend)
    assert torch.equal(out, sparse_conv(*(t.float() for t in inputs), kernel_map, backend).to(dtype))


@pytest.mark.parametrize('dtype', [torch.float16, torch.bfloat16])
def test_a_float32_weight_beside_narrow_features_keeps_its_bits_and_its_gradient(backend, dtype):
    kernel_map = random_map()
    (feats, weight), grad = problem(kernel_map, 16, 16, torch.float32)
    feats, grad = (tensor.detach().to(dtype) for tensor in (feats, grad))
    got = with_gradients(backend, (feats.requires_grad_(), weight), grad, kernel_map)
    wide = feats.detach().float().requires_grad_(), weight
    expected = with_gradients(backend, wide, grad.float(), kernel_map)
    for result, truth, kind in zip(got, expected, (dtype, dtype, torch.float32)):
        assert result.dtype == kind and torch.equal(result, truth.to(kind))


def test_a_backward_pass_within_autocast_is_that_without(backend):
    kernel_map = random_map()
    inputs, grad = problem(kernel_map, 16, 16, torch.float32)
    expected = with_gradients(backend, inputs, grad, kernel_map)
    with torch.autocast('cpu', dtype=torch.bfloat16):
        got = with_gradients(backend, inputs, grad, kernel_map)
    assert all(map(torch.equal, got, expected))


@needs_kernels
def test_operator_passes_opcheck():
    kernel_map = random_map(20, 30, offsets=3)
    inputs, grad = problem(kernel_map, 4, 6, torch.float32)
    back = kernel_map.exchanged
    rows = kernel_map.source, kernel_map.target, back.source, back.target, kernel_map.ptr
    torch.library.opcheck(torch.ops.swin3d.sparse_conv.default, (*inputs, *rows, kernel_map.num_targets))


@needs_kernels
def test_whole_graph_compilation_equals_eager():
    kernel_map = random_map()
    kernel_map.exchanged  # noqa: B018  found before: its search depends on the data
    inputs, grad = problem(kernel_map, 8, 8, torch.float32)
    compiled = torch.compile(
        lambda x, w: sparse_conv(x * 2, w, kernel_map).relu(), fullgraph=True, backend='aot_eager'
    )
    expected = sparse_conv(inputs[0] * 2, inputs[1], kernel_map).relu()
    torch.testing.assert_close(compiled(*inputs), expected)
    for got, truth in zip(*(torch.autograd.grad(o, inputs, grad) for o in (compiled(*inputs), expected))):
        torch.testing.assert_close(got, truth)


def hand_made(**changes):
    rows = torch.tensor([0, 1, 0], dtype=torch.int32)
    parts = dict(source=rows, target=rows + 2, ptr=torch.tensor([0, 2, 3]), num_sources=2, num_targets=4)
    return KernelMap(**{**parts, **changes})


@pytest.mark.parametrize(
    'changes, error, message',
    [
        (dict(source=torch.tensor([0, 1, 0])), TypeError, 'source must be an int32 tensor, got torch.int64'),
        (dict(source=[0, 1, 0]), TypeError, 'source must be a tensor, got list'),
        (dict(source=torch.tensor([0, 7, 0]).int()), ValueError, r'source must lie in \[0, 2\), got .* 7'),
        (dict(target=torch.tensor([0, 10**9, 0]).int()), ValueError, r'target must lie in \[0, 4\)'),
        (dict(target=torch.tensor([1, 0, 0]).int()), ValueError, 'target must not descend under an offset'),
        (dict(target=torch.tensor([1, 0]).int()), ValueError, 'target must have the length of source, 3'),
        (dict(ptr=torch.tensor([0, 2, 4])), ValueError, r'ptr must ascend from 0 to 3, got \[0, 2, 4\]'),
        (dict(ptr=torch.tensor([0, 4, 3])), ValueError, 'ptr must ascend from 0 to 3'),
        (dict(ptr=torch.tensor([-1, 2, 3])), ValueError, 'ptr must ascend from 0 to 3'),
        (dict(ptr=torch.tensor([0, 2, 3]).int()), TypeError, 'ptr must be an int64 tensor'),
        (dict(num_sources=-1), ValueError, 'num_sources must be at least 0'),
        (dict(num_targets=2**31), ValueError, 'num_targets must be at most 2147483647'),
    ],
)
def test_pairs_that_make_no_sense_are_refused(changes, error, message):
    with pytest.raises(error, match=message):
        hand_made(**changes)


@pytest.mark.parametrize(
    'name, place, row',
    [('source', 1, 10**9), ('source', 1, -1), ('target', 0, 4), ('target', 2, -(2**31)),
     ('ptr', 1, 10**12), ('ptr', 1, -3), ('ptr', 2, 2), ('ptr', 0, 1)],
)  # fmt: skip
def test_kernels_look_at_pairs_that_make_no_sense(isa, name, place, row):
    """As in compiled code, whose pairs may have been written into since it was made."""
    kernel_map = hand_made(target=torch.tensor([2, 3, 0]).int())
    feats, weight, grad = torch.ones(2, 3), torch.ones(2, 3, 5), torch.ones(4, 5)
    rows = {part: getattr(kernel_map, part).clone() for part in ('source', 'target', 'ptr')}
    rows[name][place] = row
    source, target, ptr = rows.values()
    with pytest.raises(ValueError, match='kernel_map must have a ptr that ascends from 0 to 3'):
        torch.ops.swin3d.sparse_conv(feats, weight, source, target, target, source, ptr, 4)
    with pytest.raises(ValueError, match='kernel_map must have a ptr that ascends from 0 to 3'):
        torch.ops.swin3d.sparse_conv_weight_grad(feats, grad, source, target, ptr)


def test_kernels_look_for_targets_out_of_order(isa):
    rows, ptr = torch.arange(2000, dtype=torch.int32), torch.tensor([0, 2000])
    target = rows.clone()
    target[3] = 1999
    with pytest.raises(ValueError, match='targets in .* that do not descend'):
        torch.ops.swin3d.sparse_conv(
            torch.ones(2000, 3), torch.ones(1, 3, 5), rows, target, target, rows, ptr, 2000
        )  # fmt: skip


def write_in_inference_mode(tensor, row):
    with torch.inference_mode():
        tensor[1] = row


def write_by_numpy(tensor, row):
    tensor.numpy()[1] = row


def write_by_data(tensor, row):
    tensor.data[1] = row


@needs_kernels
@pytest.mark.parametrize('write', [write_in_inference_mode, write_by_numpy, write_by_data])
@pytest.mark.parametrize('name', ['source', 'target'])
def test_the_kernels_look_at_pairs_themselves_as_torch_does_not_count_every_write(write, name):
    with torch.inference_mode(write is write_in_inference_mode):
        kernel_map = hand_made()
        inputs = torch.ones(2, 3), torch.ones(2, 3, 5)
        sparse_conv(*inputs, kernel_map, 'cpu')
        write(getattr(kernel_map, name), 10**9)
        with pytest.raises(ValueError, match='kernel_map must have a ptr'):
            sparse_conv(*inputs, kernel_map, 'cpu')


def test_pairs_written_into_before_the_backward_pass_are_refused_or_were_kept(backend):
    kernel_map = hand_made()
    inputs, grad = problem(kernel_map, 3, 5, torch.float64)
    expected = with_gradients(backend, inputs, grad, kernel_map)[1:]
    out = sparse_conv(*inputs, kernel_map, backend)
    kernel_map.source[1] = 10**6
    try:
        got = torch.autograd.grad(out, inputs, grad)
    except (RuntimeError, ValueError, IndexError):
        return
    assert all(map(torch.equal, got, expected))


@pytest.mark.parametrize('name, place, row', [('source', 1, 10**6), ('target', 0, -1), ('ptr', 1, 9)])
def test_pairs_spoilt_by_a_write_that_torch_counts_are_refused(backend, name, place, row):
    kernel_map = hand_made()
    feats, weight = torch.ones(2, 3), torch.ones(2, 3, 5)
    sparse_conv(feats, weight, kernel_map, backend)
    getattr(kernel_map, name)[place] = row
    with pytest.raises(ValueError, match=f'{name} must'):
        sparse_conv(feats, weight, kernel_map, backend)


def test_pairs_changed_to_others_give_their_gradient(backend):
    kernel_map = hand_made(source=torch.tensor([1, 0, 0]).int())
    inputs, grad = problem(kernel_map, 3, 5, torch.float64)
    with_gradients(backend, inputs, grad, kernel_map)
    kernel_map.source[0] = 0
    got, expected = (with_gradients(name, inputs, grad, kernel_map) for name in (backend, 'reference'))
    for a, b in zip(got, expected):
        torch.testing.assert_close(a, b)


def test_rows_that_lie_apart_are_read_where_they_are(backend):
    twice = torch.tensor([[0, 9], [1, 9], [0, 9]], dtype=torch.int32)
    assert_equals_reference(backend, hand_made(source=twice[:, 0], target=twice[:, 0]), 3, 5, torch.float32)


def test_wrong_arguments_are_named():
    kernel_map = random_map(20, 30, offsets=3)
    feats, weight = torch.ones(20, 4), torch.ones(3, 4, 6)
    with pytest.raises(TypeError, match='feats must be a floating-point tensor, got torch.int64'):
        sparse_conv(feats.long(), weight, kernel_map)
    with pytest.raises(TypeError, match='weight must have the dtype of feats, torch.float32, got'):
        sparse_conv(feats, weight.double(), kernel_map)
    with pytest.raises(
        TypeError, match='weight must have the dtype of feats, torch.float16, or float32, got'
    ):
        sparse_conv(feats.half(), weight.bfloat16(), kernel_map)
    with pytest.raises(TypeError, match='kernel_map must be a KernelMap, got tuple'):
        sparse_conv(feats, weight, (1, 2))
    with pytest.raises(ValueError, match=r'feats must have shape \(20, C\), got \(19, 4\)'):
        sparse_conv(feats[1:], weight, kernel_map)
    with pytest.raises(ValueError, match=r'weight must have shape \(3, 4, E\), got \(2, 4, 6\)'):
        sparse_conv(feats, weight[1:], kernel_map)
    rows = torch.tensor([0, 2], dtype=torch.int32)
    with pytest.raises(TypeError, match='source must be an int32 tensor, got torch.int64'):
        KernelMap.ordered(rows.long(), rows, [2], 3, 3)
    with pytest.raises(ValueError, match=r'target must lie in \[0, 2\), got \[0, 2\]'):
        KernelMap.ordered(rows, rows, [2], 3, 2)
    with pytest.raises(ValueError, match='the sum of counts, 3, as length, got 2 and 2'):
        KernelMap.ordered(rows, rows, [1, 2], 3, 3)
