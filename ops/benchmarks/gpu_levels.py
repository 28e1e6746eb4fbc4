"""Sections on what surrounds the attention: levels, windows, neighbours, resampling, sparse convolution."""

from __future__ import annotations

import torch
from gpu_report import Report
from gpu_timing import milliseconds, peak_megabytes
from level_tables import cdist_topk
from pyramid import VoxelLevel, coarser_levels, room_level, windows_with_signals
from stand_in_network import CHANNELS, DOWN, FACTORS, UP, WINDOWS
from swin3d_ops import KernelMap, knn, op, resample, sparse_conv
from swin3d_ops.neighbors import kernel_map_between

BATCH = 4
BASELINES = (f'knn {DOWN} down, torch', f'knn {DOWN} down, cdist and topk')  # of one scene
WIDTHS = ((6, 48), (48, 48), (96, 96))
SHARES = (1, 0.25, 4)  # of the voxels asked for
DTYPES = (torch.float32, torch.float16, torch.bfloat16)
FEWEST_SECONDS = 5.0  # for one shape; spconv tries its kernels at the first call of each


def around_attention(report: Report, device: torch.device, voxels: int) -> None:
    """Write down the times of the other ops at the finest two levels, for one scene and for four."""
    for batch in (1, BATCH):
        level = room_level(batch, voxels if batch == 1 else voxels // 2).to(device)
        (coarse,) = coarser_levels(level, FACTORS[:1])
        sizes = dict(batch=batch, voxels=len(level), coarse=len(coarse))
        for name, call in report.cases(_searches(level, coarse).items()):
            on_device, on_host = milliseconds(call, device, 2 if name in BASELINES else 6)
            report.row(**sizes, what=name, device_ms=on_device, host_ms=on_host)
        for name, (call, inputs) in report.cases(_resamplings(level, coarse).items()):
            forward = milliseconds(torch.no_grad()(call), device, 6)
            both = milliseconds(lambda: _grads(call, inputs), device, 6)  # noqa: B023
            report.row(**sizes, what=name, **_both_passes(forward, both))


def _searches(level: VoxelLevel, coarse: VoxelLevel) -> dict:
    ptr, coarse_ptr = level.ptr, coarse.ptr
    searches = {
        'a coarser level': lambda: coarser_levels(level, FACTORS[:1]),
        'all coarser levels': lambda: coarser_levels(level, FACTORS),
        'regular and shifted windows, signals': lambda: windows_with_signals(
            [(level, WINDOWS[0], 0), (level, WINDOWS[0], WINDOWS[0] // 2)]
        ),
        f'knn {DOWN} down': lambda: knn(coarse.xyz, level.xyz, DOWN, coarse_ptr, ptr, known=True),
        f'knn {UP} up': lambda: knn(level.xyz, coarse.xyz, UP, ptr, coarse_ptr, known=True),
        'kernel map 3^3': lambda: kernel_map_between(level.coords, level.coords, 3),
    }
    if len(ptr) == 2:
        by_torch, by_table = BASELINES
        arguments = coarse.xyz, level.xyz, DOWN
        searches[by_torch] = lambda: knn(*arguments, coarse_ptr, ptr, backend='torch')
        searches[by_table] = lambda: cdist_topk(*arguments)
    return searches


def _resamplings(level: VoxelLevel, coarse: VoxelLevel) -> dict:
    device = level.coords.device
    generator = torch.Generator(device=device).manual_seed(0)

    def draw(*shape: int) -> torch.Tensor:
        return torch.randn(*shape, generator=generator, device=device, requires_grad=True)

    fine_feats, coarse_feats = draw(len(level), CHANNELS[0]), draw(len(coarse), CHANNELS[0])
    matrix = draw(CHANNELS[1], CHANNELS[0])
    down, _ = knn(coarse.xyz, level.xyz, DOWN, coarse.ptr, level.ptr, known=True)
    up, distance = knn(level.xyz, coarse.xyz, UP, level.ptr, coarse.ptr, known=True)
    weight = resample.inverse_distance_weights(distance)
    return {
        'gather_max': (lambda: resample.gather_max(fine_feats, down), [fine_feats]),
        'linear_gather_max': (
            lambda: resample.linear_gather_max(fine_feats, matrix, down),
            [fine_feats, matrix],
        ),
        'interpolate': (lambda: resample.interpolate(coarse_feats, up, weight), [coarse_feats]),
    }


def _grads(call, inputs) -> tuple[torch.Tensor, ...]:
    out = call()
    return torch.autograd.grad(out, inputs, torch.ones_like(out))


def _both_passes(forward: tuple[float, float], both: tuple[float, float]) -> dict[str, float]:
    names = ('forward_device_ms', 'forward_host_ms', 'both_device_ms', 'both_host_ms')
    return dict(zip(names, (*forward, *both)))


def convolution(report: Report, device: torch.device, voxels: int) -> None:
    """Write down sparse convolutions of 3^3 by every back-end of the device, size, width and dtype."""
    backends = [
        name
        for name, implementation in op.declared()['sparse_conv'].implementations.items()
        if name != 'reference' and (not implementation.devices or device.type in implementation.first_on)
    ]
    for name in list(backends):
        reason = op.declared()['sparse_conv'].reason_unavailable(name, device.type)
        if reason is not None:
            report.note(f'{name} is not measured: {reason}')
            backends.remove(name)
    for share in report.cases(SHARES):
        coords = room_level(1, int(voxels * share)).coords.to(device)
        kernel_map = kernel_map_between(coords, coords, 3)
        report.note(f'{len(coords)} voxels, {len(kernel_map.source)} pairs')
        shapes = [(*w, b, d) for w in WIDTHS for d in DTYPES for b in backends]
        for width, out_width, backend, dtype in report.cases(shapes):
            _time_convolution(report, device, kernel_map, (width, out_width), backend, dtype)


def _time_convolution(
    report: Report, device: torch.device, kernel_map: KernelMap, widths, backend: str, dtype
) -> None:
    if report.left() < FEWEST_SECONDS and device.type == 'cuda':
        return
    generator = torch.Generator().manual_seed(0)
    feats = torch.randn(kernel_map.num_sources, widths[0], generator=generator)
    weight = torch.randn(kernel_map.num_offsets, *widths, generator=generator)
    inputs = [tensor.to(device, dtype).requires_grad_() for tensor in (feats, weight)]

    def call() -> torch.Tensor:
        return sparse_conv(*inputs, kernel_map, backend=backend)

    forward = milliseconds(torch.no_grad()(call), device, 5)
    both = milliseconds(lambda: _grads(call, inputs), device, 5)
    peak = peak_megabytes(lambda: _grads(call, inputs), device)
    report.row(
        voxels=kernel_map.num_sources, widths=f'{widths[0]} -> {widths[1]}', backend=backend,
        dtype=str(dtype).removeprefix('torch.'), **_both_passes(forward, both), peak_mb=peak,
    )  # fmt: skip
