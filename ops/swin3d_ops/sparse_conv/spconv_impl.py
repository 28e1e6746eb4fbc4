"""Sparse convolution by spconv, fed from the kernel map: implicit GEMM on a GPU, ``Native`` on the CPU.

spconv (github.com/traveller59/spconv, 2.3) is an optional package. Its own layers, tensors and search for
pairs are not used. Implicit GEMM is one product over all offsets: a thread block takes output rows that meet
similar offsets, which the sorted masks put side by side, and reads their inputs through the row table.
``Native`` gathers, multiplies and adds offset by offset.

spconv measures several kernels at the first call of each pair of widths and keeps the fastest, so two
processes may round differently; within one, the self-check demands equal bits. Products are float32
throughout: TF32 is off in spconv unless it is asked for. In implicit GEMM a weight that is not finite may
reach rows that share a thread block with those that meet its offset.
"""

from __future__ import annotations

import functools
import importlib.util
import warnings
from typing import Any

import torch
from torch.autograd.function import once_differentiable

from .kernel_map import KernelMap

MAX_OFFSETS = 128  # four words of a mask
PACKAGE = 'spconv'


@functools.cache
def _spconv() -> Any:
    """Return spconv's module of operations, imported at first use: it takes seconds."""
    with warnings.catch_warnings():
        warnings.simplefilter('ignore', FutureWarning)  # torch's, about decorators in spconv
        from spconv.pytorch import ops
    return ops


@functools.cache
def reason_missing() -> str | None:
    """Return None when spconv can be imported, else why not."""
    if importlib.util.find_spec(PACKAGE) is None:
        return "spconv is not installed (pip install 'swin3d_mmdet3d[spconv]')"
    try:
        _spconv()
    except Exception as error:  # of whatever kind: it loads libraries and compiles
        return f'spconv cannot be imported: {type(error).__name__}: {error}'
    return None


def reason_against(feats: torch.Tensor, weight: torch.Tensor, kernel_map: KernelMap) -> str | None:
    """Return None when implicit GEMM can take the arguments of a call, else why not."""
    if not feats.is_cuda:
        return None
    if feats.dtype == torch.float64:
        return 'spconv has no float64 kernels for a GPU'
    if kernel_map.num_offsets > MAX_OFFSETS:
        return f'spconv takes up to {MAX_OFFSETS} offsets on a GPU, got {kernel_map.num_offsets}'
    if not kernel_map.is_table or (_needs_gradients(feats, weight) and not kernel_map.exchanged.is_table):
        return 'spconv takes maps that meet no row twice under an offset'
    return None


def _needs_gradients(feats: torch.Tensor, weight: torch.Tensor) -> bool:
    return torch.is_grad_enabled() and (feats.requires_grad or weight.requires_grad)


def sparse_conv(feats: torch.Tensor, weight: torch.Tensor, kernel_map: KernelMap) -> torch.Tensor:
    """Compute out[m] = sum over pairs (k, n) of m of feats[n] @ weight[k]; 16-bit floats in float32."""
    dtype = feats.dtype
    if dtype in (torch.float16, torch.bfloat16):
        feats, weight = feats.float(), weight.float()
    if not (len(kernel_map.source) and feats.shape[1] and weight.shape[2]):
        return _zeros(feats, weight, kernel_map).to(dtype)
    convolution = _ImplicitGemm if feats.is_cuda else _Native
    return convolution.apply(feats, weight, kernel_map).to(dtype)


def _zeros(feats: torch.Tensor, weight: torch.Tensor, kernel_map: KernelMap) -> torch.Tensor:
    """Return the sum over no pairs, of which both inputs have a zero gradient."""
    nothing = feats[:0] @ weight[:0].sum(0)
    return nothing.sum() + feats.new_zeros(kernel_map.num_targets, weight.shape[2])


def _filters(weight: torch.Tensor) -> torch.Tensor:
    """Return (K, C, E) as spconv's (E, K, 1, 1, C), in memory too."""
    return weight.permute(2, 0, 1)[:, :, None, None].contiguous()


def _weight(filters: torch.Tensor) -> torch.Tensor:
    """Return the (K, C, E) of spconv's filters."""
    return filters.flatten(1, 3).permute(1, 2, 0)


class _Native(torch.autograd.Function):
    """Gather, multiply, scatter."""

    @staticmethod
    def forward(ctx: Any, feats: torch.Tensor, weight: torch.Tensor, kernel_map: KernelMap) -> torch.Tensor:
        filters, pairs = _filters(weight), padded_pairs(kernel_map)
        ctx.save_for_backward(feats, filters, *pairs)
        return _spconv().indice_conv(feats, filters, *pairs, kernel_map.num_targets)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, None]:
        feats, filters, *pairs = ctx.saved_tensors
        grad_feats, grad_filters = _spconv().indice_conv_backward(feats, filters, grad.contiguous(), *pairs)
        return grad_feats, _weight(grad_filters), None


def padded_pairs(kernel_map: KernelMap) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the pairs as ``Native`` takes them.

    Returns:
        pairs: (2, K, longest) int32, input and output rows under each offset, -1 beyond the last.
        counts: (K,) int32 pairs under each offset.
    """
    return kernel_map.kept('padded_pairs', lambda: _pad(kernel_map))


def _pad(kernel_map: KernelMap) -> tuple[torch.Tensor, torch.Tensor]:
    counts, offset = kernel_map.ptr.diff(), kernel_map.offset_of_pair
    place = torch.arange(len(offset), device=offset.device) - kernel_map.ptr[offset]
    pairs = kernel_map.source.new_full((2, kernel_map.num_offsets, int(counts.max())), -1)
    pairs[:, offset, place] = torch.stack([kernel_map.source, kernel_map.target])
    return pairs, counts.int()


class _ImplicitGemm(torch.autograd.Function):
    """One product over all offsets; spconv is told of no submanifold convolution, as any map may come."""

    @staticmethod
    def forward(ctx: Any, feats: torch.Tensor, weight: torch.Tensor, kernel_map: KernelMap) -> torch.Tensor:
        filters, (masks, order) = _filters(weight), kernel_map.sorted_masks
        with torch.cuda.device(feats.device):
            out, ctx.masks_of_tiles, ctx.tile_rows = _spconv().implicit_gemm(
                feats, filters, kernel_map.table, [masks], [order], kernel_map.num_targets, _all_offsets(),
                is_train=any(ctx.needs_input_grad), is_subm=False,
            )  # fmt: skip
        ctx.save_for_backward(feats, filters)
        ctx.kernel_map = kernel_map
        return out

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, None]:
        feats, filters = ctx.saved_tensors
        there, back = ctx.kernel_map, ctx.kernel_map.exchanged
        (masks, order), (back_masks, back_order) = there.sorted_masks, back.sorted_masks
        with torch.cuda.device(feats.device):
            grad_feats, grad_filters = _spconv().implicit_gemm_backward(
                feats, filters, grad.contiguous(), there.table, back.table, [masks], [back_masks], [order],
                [back_order], mask_output_fwd=ctx.masks_of_tiles, masks=_all_offsets(),
                mask_width=ctx.tile_rows, is_subm=False,
            )  # fmt: skip
        return grad_feats, _weight(grad_filters), None


def _all_offsets() -> list:
    """Return the mask of the offsets that the only part of the product takes: all, as NumPy's uint32."""
    return [torch.full((1,), -1, dtype=torch.int32, device='cpu').numpy().view('uint32')]
