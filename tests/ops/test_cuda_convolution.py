"""The CUDA sparse convolution, its blocks emulated on the CPU, against the sum over pairs in float64."""

from __future__ import annotations

from contextlib import nullcontext

import pytest
import torch
from kernels_on_cpu import cuda_kernels, needs_compiler, rule_of_gpus
from launch_count import counted
from swin3d_ops import KernelMap, sparse_conv
from swin3d_ops.neighbors import kernel_map_between
from swin3d_ops.sparse_conv import cuda_impl, cuda_tiles
from swin3d_ops.sparse_conv.pair_order import reversed_places
from swin3d_ops.voxel_index import parent_voxels

pytestmark = needs_compiler
TOLERANCE = {torch.float64: 1e-13, torch.float32: 2e-6, torch.float16: 1e-3, torch.bfloat16: 8e-3}


def voxels(seed, count=700, extent=7):
    coords = torch.randint(-extent, extent, (count, 4), generator=torch.Generator().manual_seed(seed))
    coords[:, 0] %= 2
    return torch.unique(coords, dim=0)


def room(kernel_size=3):
    """The map of a submanifold convolution, whose tiles meet most offsets and end within a run of pairs."""
    coords = voxels(0)
    return kernel_map_between(coords, coords, kernel_size)


def problem(kernel_map, channels, columns, dtype):
    """Features, weight and gradient of the output."""
    generator = torch.Generator().manual_seed(1)
    shapes = (
        (kernel_map.num_sources, channels),
        (kernel_map.num_offsets, channels, columns),
        (kernel_map.num_targets, columns),
    )
    return [torch.randn(*shape, generator=generator, dtype=torch.float64).to(dtype) for shape in shapes]


def convolved(kernel_map, feats, weight, grad):
    """Output and gradients as the operator's formula takes them from the kernels."""
    back = kernel_map.exchanged
    there, here = (kernel_map.source, kernel_map.target), (back.source, back.target)
    turned = weight.transpose(1, 2)
    return [
        cuda_impl.forward(feats, weight, *there, *here, kernel_map.ptr, kernel_map.num_targets),
        cuda_impl.forward(grad, turned, *here, *there, kernel_map.ptr, kernel_map.num_sources),
        cuda_impl.weight_grad(feats, grad, *there, kernel_map.ptr),
    ]


def expected(kernel_map, feats, weight, grad):
    inputs = [tensor.double().requires_grad_() for tensor in (feats, weight)]
    out = sparse_conv(*inputs, kernel_map, 'reference')
    return [out, *torch.autograd.grad(out, inputs, grad.double())]


def assert_right(kernel_map, channels, columns, dtype):
    tensors = problem(kernel_map, channels, columns, dtype)
    for name, got, truth in zip(
        ('out', 'feats', 'weight'), convolved(kernel_map, *tensors), expected(kernel_map, *tensors)
    ):
        wide = torch.promote_types(dtype, torch.float32)
        assert got.dtype == (wide if name == 'weight' else dtype) and got.shape == truth.shape
        error = (got.double() - truth).abs().max()
        assert error <= TOLERANCE[dtype] * truth.abs().max().clamp(min=1e-3), name


@pytest.mark.parametrize('dtype', TOLERANCE, ids=str)
def test_values_and_gradients_are_the_references(emulated_gpu, dtype):
    assert_right(room(), 12, 20, dtype)


@pytest.mark.parametrize('dtype', [torch.float16, torch.bfloat16], ids=str)
def test_gpus_without_matrix_units_multiply_16_bits_one_by_one(emulated_gpu, dtype):
    emulated_gpu.has_tensor_cores = False
    assert_right(room(), 12, 20, dtype)


@pytest.mark.parametrize('channels, columns', [(48, 48), (37, 9), (70, 64)])
def test_matrix_units_take_any_widths(emulated_gpu, channels, columns):
    assert_right(room(2), channels, columns, torch.bfloat16)


@pytest.mark.parametrize('dtype', [torch.float16, torch.bfloat16], ids=str)
def test_a_float32_weight_is_rounded_beside_narrow_features_and_its_gradient_is_not(emulated_gpu, dtype):
    kernel_map = room()
    feats, weight, grad = problem(kernel_map, 12, 20, torch.float32)
    narrow = feats.to(dtype), weight, grad.to(dtype)
    results = convolved(kernel_map, *narrow)
    rounded = (tensor.to(dtype) for tensor in (feats, weight, grad))
    for got, same in zip(results, convolved(kernel_map, *rounded)):
        assert torch.equal(got, same)
    truth = expected(kernel_map, *narrow)[2]
    assert results[2].dtype == torch.float32
    assert (results[2].double() - truth).abs().max() <= 1e-6 * truth.abs().max()


@pytest.mark.parametrize('kernels', ['torch', 'cuda'])
def test_autocast_on_a_gpu_narrows_the_features_and_returns_them_so(kernels):
    """The rule of a GPU for the torch form and the emulated kernels, under the operators of the CPU."""
    kernel_map = room()
    feats, weight, grad = problem(kernel_map, 12, 20, torch.float32)
    truths = expected(kernel_map, feats.bfloat16(), weight, grad.bfloat16())
    with rule_of_gpus(), cuda_kernels() if kernels == 'cuda' else nullcontext():
        backend = 'torch' if kernels == 'torch' else 'cpu'
        for given in (feats, feats.bfloat16()):
            inputs = [given.requires_grad_(), weight.requires_grad_()]
            with torch.autocast('cpu', dtype=torch.bfloat16):
                out = sparse_conv(*inputs, kernel_map, backend)
            results = [out, *torch.autograd.grad(out, inputs, grad.bfloat16())]
            assert [result.dtype for result in results] == [torch.bfloat16, given.dtype, torch.float32]
            for got, truth, bound in zip(results, truths, (2**-8, 2**-8, 1e-6)):
                assert (got.double() - truth).abs().max() <= bound * truth.abs().max()
        with torch.autocast('cpu', dtype=torch.bfloat16):
            assert sparse_conv(feats.double(), weight.double(), kernel_map, backend).dtype == torch.float64


@pytest.mark.parametrize('limit', [64 * 1024, 48 * 1024])
def test_tiles_are_smaller_where_shared_memory_is(emulated_gpu, limit):
    emulated_gpu.shared_limit = limit
    assert_right(room(2), 48, 64, torch.float32)


@pytest.mark.parametrize('kernel_size', [1, 2, 3])
@pytest.mark.parametrize('kind', ['submanifold', 'strided', 'transposed', 'other voxels', 'unsorted'])
def test_every_kind_of_convolution(emulated_gpu, kind, kernel_size):
    sources, targets = voxels(2), voxels(3)
    if kind == 'submanifold':
        targets = sources
    if kind in ('strided', 'transposed'):
        targets = parent_voxels(sources, 2)[0]
    if kind == 'unsorted':
        sources = sources[torch.randperm(len(sources), generator=torch.Generator().manual_seed(4))]
    kernel_map = kernel_map_between(sources, targets, kernel_size)
    if kind == 'transposed':
        kernel_map = kernel_map.exchanged
    assert len(kernel_map.source)
    assert_right(kernel_map, 5, 18, torch.float32)


@pytest.mark.parametrize(
    'channels, columns',
    [(1, 3), (6, 48), (48, 48), (96, 33), *(pytest.param(*w, marks=pytest.mark.slow)
     for w in ((32, 64), (192, 192), (17, 129), (128, 1), (20, 16)))],
)  # fmt: skip
def test_any_widths(emulated_gpu, channels, columns):
    """Those of one tile and of several, whole fours and odd ones."""
    assert_right(room(2), channels, columns, torch.float32)


def test_features_that_no_four_starts_at_are_read_one_by_one(emulated_gpu):
    kernel_map = room(2)
    feats, weight, grad = problem(kernel_map, 12, 20, torch.float32)
    apart = feats.new_empty(feats.numel() + 1)[1:].view_as(feats).copy_(feats)
    assert apart.data_ptr() % 16
    for got, truth in zip(
        convolved(kernel_map, apart, weight, grad), convolved(kernel_map, feats, weight, grad)
    ):
        assert torch.equal(got, truth)


def test_pairs_that_share_a_target_under_one_offset_are_added_up(emulated_gpu):
    """Two and more inputs of one output, within a run of pairs and across its end, in both directions.

    Sums of the same run that meet in one place would come in the order of the threads.
    """
    generator = torch.Generator().manual_seed(5)
    source, target = (torch.randint(0, rows, (900,), generator=generator).int() for rows in (150, 140))
    kernel_map = KernelMap.ordered(source, target, [500, 0, 400], 150, 140)
    assert not kernel_map.is_table and not kernel_map.exchanged.is_table
    assert_right(kernel_map, 12, 20, torch.float32)
    tensors = problem(kernel_map, 12, 20, torch.float32)
    forwards = convolved(kernel_map, *tensors)
    emulated_gpu.backwards = True
    assert all(map(torch.equal, forwards, convolved(kernel_map, *tensors)))


def test_more_offsets_than_threads(emulated_gpu):
    """Most without pairs in a tile, and one with more than a block takes at a time."""
    generator = torch.Generator().manual_seed(6)
    counts = torch.randint(0, 3, (600,), generator=generator)
    counts[:40], counts[300] = 0, 290
    rows = [torch.randperm(300, generator=generator)[:n] for n in (*counts, *counts)]
    source, target = torch.cat(rows[:600]).int(), torch.cat(rows[600:]).int()
    assert_right(KernelMap.ordered(source, target, counts.tolist(), 300, 300), 12, 20, torch.float32)


@pytest.mark.parametrize('num_sources, num_targets', [(1, 1), (1, 300), (300, 1)])
def test_few_rows(emulated_gpu, num_sources, num_targets):
    row = torch.zeros(1, dtype=torch.int32)
    assert_right(KernelMap.ordered(row, row, [0, 1, 0], num_sources, num_targets), 12, 20, torch.float32)


@pytest.mark.parametrize('offsets', [0, 3])
@pytest.mark.parametrize('num_sources, num_targets', [(0, 0), (0, 4), (5, 0), (5, 4)])
def test_no_pairs_give_zeros(emulated_gpu, offsets, num_sources, num_targets):
    nothing = torch.empty(0, dtype=torch.int32)
    kernel_map = KernelMap.ordered(nothing, nothing, [0] * offsets, num_sources, num_targets)
    for result in convolved(kernel_map, *problem(kernel_map, 12, 20, torch.float32)):
        assert not result.any()


@pytest.mark.parametrize('channels, columns', [(0, 4), (4, 0), (0, 0)])
def test_no_channels_give_zeros(emulated_gpu, channels, columns):
    kernel_map = room(1)
    for result in convolved(kernel_map, *problem(kernel_map, channels, columns, torch.float32)):
        assert not result.any()


@pytest.mark.parametrize('dtype', [torch.float32, torch.bfloat16], ids=str)
def test_order_of_threads_and_blocks_does_not_change_a_bit(emulated_gpu, dtype):
    kernel_map = room()
    tensors = problem(kernel_map, 12, 20, dtype)
    first, again = convolved(kernel_map, *tensors), convolved(kernel_map, *tensors)
    emulated_gpu.backwards = True
    for results in zip(first, again, convolved(kernel_map, *tensors)):
        assert torch.equal(results[0], results[1]) and torch.equal(results[0], results[2])


@pytest.mark.parametrize('dtype', [torch.float32, torch.bfloat16], ids=str)
def test_more_blocks_share_few_rows_and_change_no_bit(emulated_gpu, dtype):
    kernel_map = room(2)
    tensors = problem(kernel_map, 48, 40, dtype)
    wide, narrow = (cuda_tiles.tiles(dtype, 48, 40, False, 10**6, narrow) for narrow in (False, True))
    assert narrow.column_tiles > wide.column_tiles
    results = []
    for emulated_gpu.multiprocessors in (2, 132):
        results.append(convolved(kernel_map, *tensors)[:2])
    assert all(map(torch.equal, *results))


def test_pieces_of_an_offset_are_added_up(emulated_gpu, monkeypatch):
    """Offsets without pairs, with one piece, and with several."""
    monkeypatch.setattr(cuda_impl, 'LEAST_PIECE', cuda_impl.TURNED_PAIRS)
    monkeypatch.setattr(cuda_impl, 'BLOCKS_PER_MULTIPROCESSOR', 10**6)
    counts = [0, 64, 0, 1, 200, 65, 0]
    generator = torch.Generator().manual_seed(7)
    rows = [torch.randperm(250, generator=generator)[:n] for n in (*counts, *counts)]
    source, target = torch.cat(rows[:7]).int(), torch.cat(rows[7:]).int()
    assert_right(KernelMap.ordered(source, target, counts, 250, 250), 12, 20, torch.float32)


@pytest.mark.parametrize('bad', [float('nan'), float('inf')])
@pytest.mark.parametrize('widths', [(12, 20), (5, 18)], ids=['by fours', 'one by one'])
@pytest.mark.parametrize('which', range(3), ids='feats weight grad_out'.split())
def test_what_is_not_finite_reaches_what_it_reaches_in_the_reference(emulated_gpu, which, widths, bad):
    kernel_map = room(2)
    tensors = problem(kernel_map, *widths, torch.float32)
    tensors[which].view(-1)[360] = bad  # the first of a row
    for got, truth in zip(convolved(kernel_map, *tensors), expected(kernel_map, *tensors)):
        assert torch.equal(got.isfinite(), truth.isfinite())
        assert torch.equal(got.isnan(), truth.isnan())


def test_a_pass_launches_one_kernel_forward_three_backward_and_waits_never(emulated_gpu):
    kernel_map = room()
    tensors = problem(kernel_map, 12, 20, torch.float32)
    tensors[1] = tensors[1].permute(2, 0, 1).contiguous().permute(1, 2, 0)  # as a layer has it
    kernel_map.exchanged  # noqa: B018  found once for a map
    count = counted(lambda: convolved(kernel_map, *tensors))
    assert count.launches == ['copy_', 'convolve', 'convolve', 'weight_partials', 'sum_pieces']
    assert count.waits == []
    assert counted(lambda: reversed_places(kernel_map.ptr, len(kernel_map.source))).waits == []


def test_sizes_cover_a_width_with_few_tiles_and_little_left_over():
    depths = [cuda_tiles.cover(width, cuda_tiles.DEPTHS) for width in (1, 17, 48, 64, 96, 128)]
    assert depths == [16, 32, 48, 32, 48, 32]
    widths = tuple(8 * wide for wide in cuda_tiles.WIDES)
    assert [cuda_tiles.cover(width, widths) for width in (6, 20, 40, 64, 80, 96)] == [8, 32, 48, 64, 48, 48]
