"""Sparse convolution: out_m = sum over pairs (k, n) of m of feats_n W_k."""

from __future__ import annotations

import torch

from ..arguments import check_floats
from ..autocast import narrowed_operands, reads_16_bits_on_gpus
from ..op import Implementation, Op, cpu_kernels, cuda_kernels
from . import cpu_impl, cuda_impl, reference, spconv_impl, torch_impl
from .kernel_map import KernelMap
from .probe import probe

__all__ = ['KernelMap', 'sparse_conv']

OP = Op(
    'sparse_conv',
    {
        'reference': Implementation(reference.sparse_conv),
        'torch': Implementation(torch_impl.sparse_conv),
        'cpu': cpu_kernels(cpu_impl.sparse_conv),
        'cuda': cuda_kernels(cuda_impl.sparse_conv),
        'spconv': Implementation(
            spconv_impl.sparse_conv,
            devices=('cuda', 'cpu'),
            first_on=('cuda',),
            reason_missing=spconv_impl.reason_missing,
            reason_against=spconv_impl.reason_against,
        ),
    },
    probe,
)


def sparse_conv(
    feats: torch.Tensor, weight: torch.Tensor, kernel_map: KernelMap, backend: str = 'auto'
) -> torch.Tensor:
    """Sum ``feats[n] @ weight[k]`` over the pairs (k, n) of each output row.

    Which voxels are outputs is the map's affair: the inputs themselves (submanifold convolution), their
    parents (strided), or any others. Differentiable in ``feats`` and ``weight``. The kernels of the CPU and
    of CUDA give the same bits in every run, for any number of threads. Accumulates in float32 or better; the
    gradient of a float32 weight is float32. Under autocast on a GPU the features are rounded to its type, as
    those of ``nn.Conv3d`` are, and so is the weight where the kernels multiply; the sums are float32.

    Args:
        feats: (N, C) float.
        weight: (K, C, E), dtype of ``feats``, or float32 beside 16-bit ones; offsets of a cubic kernel in the
            order of :func:`swin3d_ops.kernel_offsets.kernel_offsets`.
        kernel_map: Pairs of N input and M output rows under K offsets.
        backend: 'auto', 'reference', 'torch', 'cpu', 'cuda' or 'spconv', which serves GPUs where 'cuda'
            cannot and, by name alone, the CPU.

    Returns:
        (M, E), dtype of ``feats``; under autocast its type on a GPU, on the CPU float32 for 16-bit floats.

    Raises:
        TypeError: An argument of the wrong type or dtype.
        ValueError: A wrong shape or device, a map whose pairs are out of range or order, or a back-end that
            cannot run.

    Source: generalised sparse convolution, arXiv 1904.08755, equation 3.
    """
    narrow = narrowed_operands(feats)
    return _sparse_conv(feats if narrow is None else narrow[0], weight, kernel_map, backend)


@reads_16_bits_on_gpus
def _sparse_conv(feats, weight, kernel_map, backend):
    _check(feats, weight, kernel_map)
    arguments = feats, weight, kernel_map
    name = OP.choose(feats.device.type, backend, *arguments)
    if name != 'cpu':  # whose kernels look for themselves
        kernel_map.look()
    return OP.run(name, *arguments)


def _check(feats, weight, kernel_map) -> None:
    check_floats('feats', feats)
    check_floats('weight', weight)
    narrow = feats.dtype in (torch.float16, torch.bfloat16)
    if weight.dtype != feats.dtype and not (narrow and weight.dtype == torch.float32):
        other = ', or float32' if narrow else ''
        raise TypeError(f'weight must have the dtype of feats, {feats.dtype}{other}, got {weight.dtype}')
    if not isinstance(kernel_map, KernelMap):
        raise TypeError(f'kernel_map must be a KernelMap, got {type(kernel_map).__name__}')
    kernel_map.check()
    for name, tensor in (('weight', weight), ('kernel_map', kernel_map.source)):
        if tensor.device != feats.device:
            raise ValueError(f'{name} must be on {feats.device} as feats, got {tensor.device}')
    if feats.ndim != 2 or len(feats) != kernel_map.num_sources:
        raise ValueError(f'feats must have shape ({kernel_map.num_sources}, C), got {tuple(feats.shape)}')
    expected = kernel_map.num_offsets, feats.shape[1]
    if weight.ndim != 3 or weight.shape[:2] != expected:
        raise ValueError(
            f'weight must have shape ({expected[0]}, {expected[1]}, E), got {tuple(weight.shape)}'
        )
