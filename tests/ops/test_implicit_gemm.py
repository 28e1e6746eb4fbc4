"""What the spconv back-end hands to implicit GEMM on a GPU, on a stand-in that computes as its kernels do.

The stand-in goes through the rows in the order of the sorted masks, tile by tile, and meets only the offsets
that the masks of a tile name, as spconv's kernels do (``ops.py`` of spconv 2.3.6, ``implicit_gemm`` and its
backward pass). It is no run on a GPU.
"""

from __future__ import annotations

import contextlib
import inspect

import pytest
import torch
from swin3d_ops import KernelMap, sparse_conv
from swin3d_ops.neighbors import kernel_map_between
from swin3d_ops.sparse_conv import spconv_impl

TILE = 16


def offsets_of(words):
    """The offsets whose bits are set in any of the masks ``(rows, words)``."""
    bits = [(word.item() >> bit) & 1 for word in _union(words) for bit in range(32)]
    return [k for k, bit in enumerate(bits) if bit]


def _union(words):
    union = torch.zeros_like(words[0])
    for mask in words:
        union |= mask
    return union


class StandIn:
    """spconv's two functions on CPU tensors."""

    def tiles(self, masks, order):
        assert masks.dtype == order.dtype == torch.int32 and masks.is_contiguous()
        for start in range(0, len(order), TILE):
            yield masks[start : start + TILE], order[start : start + TILE].long()

    def product(self, rows, filters, table, masks, order, count):
        """out[m] = sum of rows[table[k, m]] @ filters[k]; tiles skip offsets that their masks do not name."""
        assert table.dtype == torch.int32 and table.shape == (len(filters), count)
        out = rows.new_zeros(count, filters.shape[2])
        for words, targets in self.tiles(masks, order):
            for k in offsets_of(words):
                source = table[k, targets].long()
                met = source >= 0
                out[targets[met]] += rows[source[met]] @ filters[k]
        return out

    def implicit_gemm(self, feats, filters, table, fwd_masks, orders, count, masks, is_train, is_subm):
        self.check(filters, masks, is_subm)
        kernel = filters.flatten(1, 3).permute(1, 2, 0)  # (K, C, E)
        out = self.product(feats, kernel, table, fwd_masks[0], orders[0], count)
        of_tiles = torch.stack([_union(words) for words, _ in self.tiles(fwd_masks[0], orders[0])])[None]
        return out, of_tiles if is_train else None, TILE

    def implicit_gemm_backward(
        self, feats, filters, grad, table, back_table, fwd_masks, back_masks, orders, back_orders,
        mask_output_fwd, masks, mask_width, is_subm,
    ):  # fmt: skip
        self.check(filters, masks, is_subm)
        assert grad.is_contiguous() and mask_width == TILE
        kernel = filters.flatten(1, 3).permute(1, 0, 2)  # (K, E, C)
        grad_feats = self.product(grad, kernel, back_table, back_masks[0], back_orders[0], len(feats))
        grad_filters = torch.zeros_like(filters).flatten(1, 3)
        for number, (_, targets) in enumerate(self.tiles(fwd_masks[0], orders[0])):
            for k in offsets_of(mask_output_fwd[0, number : number + 1]):
                source = table[k, targets].long()
                met = source >= 0
                grad_filters[:, k] += grad[targets[met]].t() @ feats[source[met]]
        return grad_feats, grad_filters.view_as(filters)

    def check(self, filters, parts, is_subm):
        assert filters.ndim == 5 and filters.is_contiguous() and not is_subm
        (part,) = parts
        assert part.dtype == 'uint32' and part.tolist() == [0xFFFFFFFF]


@pytest.fixture
def implicit_gemm(monkeypatch):
    """Convolve by the code for a GPU, on the stand-in."""
    monkeypatch.setattr(spconv_impl, '_spconv', StandIn)
    monkeypatch.setattr(torch.cuda, 'device', lambda device: contextlib.nullcontext())
    return spconv_impl._ImplicitGemm.apply


def voxels(seed, count=300, extent=5):
    coords = torch.randint(-extent, extent, (count, 4), generator=torch.Generator().manual_seed(seed))
    coords[:, 0] %= 2
    return torch.unique(coords, dim=0)


@pytest.mark.parametrize('kernel_size', [1, 2, 3, 4])
@pytest.mark.parametrize('own', [True, False], ids=['submanifold', 'other voxels'])
def test_values_and_gradients_are_the_references(implicit_gemm, kernel_size, own):
    sources = voxels(0)
    kernel_map = kernel_map_between(sources, sources if own else voxels(1), kernel_size)
    generator = torch.Generator().manual_seed(2)
    feats = torch.randn(kernel_map.num_sources, 3, generator=generator).double().requires_grad_()
    weight = torch.randn(kernel_size**3, 3, 5, generator=generator).double().requires_grad_()
    grad = torch.randn(kernel_map.num_targets, 5, generator=generator).double()
    results = []
    for convolve in (implicit_gemm, lambda *arguments: sparse_conv(*arguments, backend='reference')):
        out = convolve(feats, weight, kernel_map)
        results.append([out, *torch.autograd.grad(out, (feats, weight), grad)])
    for got, expected in zip(*results):
        torch.testing.assert_close(got, expected)


def test_without_gradients_nothing_is_kept_for_them(implicit_gemm):
    coords = voxels(0)
    kernel_map = kernel_map_between(coords, coords, 3)
    out = implicit_gemm(torch.ones(len(coords), 3), torch.ones(27, 3, 5), kernel_map)
    assert not out.requires_grad
    torch.testing.assert_close(out, sparse_conv(torch.ones(len(coords), 3), torch.ones(27, 3, 5), kernel_map))


@pytest.mark.parametrize('name', ['implicit_gemm', 'implicit_gemm_backward'])
def test_stand_in_takes_the_arguments_that_spconv_takes(name):
    reason = spconv_impl.reason_missing()
    if reason is not None:
        pytest.skip(reason)
    real = [*inspect.signature(getattr(spconv_impl._spconv(), name)).parameters.values()]
    mine = [*inspect.signature(getattr(StandIn(), name)).parameters]
    required = [parameter.name for parameter in real if parameter.default is parameter.empty]
    assert len(mine) == len(required)
    by_name = [
        one for one in mine if one in ('is_train', 'is_subm', 'mask_output_fwd', 'masks', 'mask_width')
    ]
    assert by_name == required[-len(by_name) :]


class OnGpu(torch.Tensor):
    is_cuda = True


@pytest.mark.parametrize(
    'dtype, offsets, target, reason',
    [
        (torch.float32, 2, [0, 1], None),
        (torch.float64, 2, [0, 1], 'spconv has no float64 kernels for a GPU'),
        (torch.float32, 129, [0, 1], 'spconv takes up to 128 offsets on a GPU, got 129'),
        (torch.float32, 2, [1, 1], 'spconv takes maps that meet no row twice under an offset'),
    ],
)
def test_limits_on_a_gpu_are_named(dtype, offsets, target, reason):
    rows = torch.tensor([0, 1], dtype=torch.int32)
    ptr = torch.tensor([0, *[2] * offsets])
    kernel_map = KernelMap(rows, torch.tensor(target, dtype=torch.int32), ptr, 2, 2)
    feats = torch.ones(2, 3, dtype=dtype)
    weight = torch.ones(offsets, 3, 4, dtype=dtype)
    assert spconv_impl.reason_against(feats.as_subclass(OnGpu), weight, kernel_map) == reason
    assert spconv_impl.reason_against(feats, weight, kernel_map) is None


def test_inputs_that_meet_two_outputs_are_in_the_way_of_gradients_alone():
    source, target = torch.tensor([[0, 0], [0, 1]], dtype=torch.int32)
    kernel_map = KernelMap(source, target, torch.tensor([0, 2]), 1, 2)
    feats, weight = torch.ones(1, 3).as_subclass(OnGpu), torch.ones(1, 3, 4, requires_grad=True)
    assert 'no row twice' in spconv_impl.reason_against(feats, weight, kernel_map)
    with torch.no_grad():
        assert spconv_impl.reason_against(feats, weight, kernel_map) is None
