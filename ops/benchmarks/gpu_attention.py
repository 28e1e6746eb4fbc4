"""Sections on window attention: every stage of Swin3D-S by back-end, and a sweep of shapes of blocks."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from unittest import mock

import torch
from gpu_pairs import PairAttention
from gpu_report import Report
from gpu_timing import Profile, milliseconds, peak_megabytes, replayed
from pyramid import room_level, table_rows, windows_with_signals
from stand_in_network import CHANNELS, HEADS, WINDOWS, levels_of
from swin3d_ops import window_attention
from swin3d_ops.window_attention import cuda_impl, cuda_shapes
from swin3d_ops.window_attention.cuda_shapes import Shape
from workloads import draw_features

SHAPES = (Shape(64, 8, 2, 1), Shape(64, 8, 1, 1), Shape(64, 6, 1, 2), Shape(32, 12, 1, 2), Shape(32, 8, 1, 2))
SLOW_STAGES = 2  # stages that the baselines are timed at
MOST_PAIRS = 6_000_000  # of the baseline that stores something for each


class Stage:
    """Attention of one stage: inputs of one dtype, both passes.

    Attributes:
        tokens, pairs: number of voxels, and of pairs in their windows.
    """

    def __init__(self, level, stage: int) -> None:
        device, heads = level.coords.device, HEADS[stage]
        self.rows = table_rows(WINDOWS[stage])
        ((self.windows, self.signals),) = windows_with_signals([(level, WINDOWS[stage], 0)])
        inputs = draw_features(len(level), sum(self.rows), heads, CHANNELS[stage] // heads)
        self.inputs = [tensor.detach().to(device) for tensor in inputs]
        sizes = self.windows.ptr.diff()
        self.tokens, self.pairs = len(level), int((sizes * sizes).sum())

    def passes(self, backend: str, dtype: torch.dtype = torch.float32):
        """Return (forward, forward and backward) of a back-end."""
        leaves = [tensor.to(dtype).requires_grad_() for tensor in self.inputs]
        grad = torch.ones_like(leaves[0])

        def attend() -> torch.Tensor:
            return window_attention(*leaves, self.signals, self.rows, self.windows, backend=backend)

        return torch.no_grad()(attend), lambda: torch.autograd.grad(attend(), leaves, grad)

    def pair_passes(self):
        """Return the passes of the baseline: a thread for each pair and channel, global atomics."""
        pairs = PairAttention(*self.inputs, self.signals, self.rows, self.windows)
        grad = torch.ones_like(self.inputs[0])
        return pairs.forward, lambda: (pairs.forward(), pairs.backward(grad))


def stages(voxels: int, device: torch.device, thin: bool = False) -> list[Stage]:
    """Return the attention of all five stages of one scene, fine to coarse."""
    level = room_level(1, voxels, thin).to(device)
    return [Stage(each, number) for number, each in enumerate(levels_of(level))]


def by_stage(report: Report, device: torch.device, voxels: int) -> None:
    """Write down the times of every stage: a dense room, then one as thin as a real scan."""
    half = torch.float16 if device.type == 'cuda' else torch.bfloat16
    for scene, thin in (('room', False), ('thin room', True)):
        for number, stage in report.cases(enumerate(stages(voxels, device, thin))):
            runs = [(device.type, torch.float32), (device.type, half)]
            runs += [('torch', torch.float32)] * (number < SLOW_STAGES and not thin)
            for backend, dtype in runs:
                name = f'{backend} {str(dtype).removeprefix("torch.")}'
                _time_passes(report, device, scene, number, stage, name, stage.passes(backend, dtype))
            if device.type == 'cuda' and stage.pairs <= MOST_PAIRS:
                _time_passes(report, device, scene, number, stage, 'pairs, atomics', stage.pair_passes())
    _by_kernel(report, device, voxels)


def _time_passes(report, device, scene: str, number: int, stage: Stage, name: str, passes) -> None:
    repeats = 8 if name.startswith(device.type) else 3
    values = dict(scene=scene, stage=number, tokens=stage.tokens, pairs_a_token=stage.pairs / stage.tokens)
    values['algorithm'] = name
    for what, run in zip(('forward', 'both'), passes):
        on_device, on_host = milliseconds(run, device, repeats)
        replay = replayed(run, device) if name.startswith(device.type) else None
        names = (f'{what}_{clock}_ms' for clock in ('device', 'host', 'replay'))
        values.update(zip(names, (on_device, on_host, replay)))
    report.row(**values, peak_mb=peak_megabytes(passes[1], device))


def _by_kernel(report: Report, device: torch.device, voxels: int) -> None:
    """Write down the ms of each kernel of both passes."""
    for number, stage in report.cases(enumerate(stages(voxels, device))):
        _, both = stage.passes(device.type)
        both()
        for name, ms, launches in Profile(both, device).kernels[:6]:
            report.row(stage=number, kernel=name[:60], ms=ms, launches=launches)


def tuning(report: Report, device: torch.device, voxels: int) -> None:
    """Write down the passes of the first stages under each shape of blocks; on a CPU, which has none, one.

    A shape that does not fit the device has no times.
    """
    problems = list(enumerate(stages(voxels, device)))[:3]
    shapes = SHAPES if device.type == 'cuda' else SHAPES[:1]
    for number, stage, shape in report.cases((*problem, shape) for problem in problems for shape in shapes):
        with only_shape(shape):
            report.row(stage=number, **vars(shape), **_times(stage, device))


@contextlib.contextmanager
def only_shape(shape: Shape) -> Iterator[None]:
    """Let the kernels take blocks of one shape, or fail."""
    with mock.patch.object(cuda_shapes, 'shapes_for', lambda *_: (shape,)):
        cuda_impl._layout.cache_clear()
        try:
            yield
        finally:
            cuda_impl._layout.cache_clear()


def _times(stage: Stage, device: torch.device) -> dict[str, float | str | None]:
    """Return the ms of both passes, and of replays, which are free of the host."""
    forward, both = stage.passes(device.type)
    try:
        times = (*milliseconds(both, device, 5), replayed(forward, device), replayed(both, device))
    except ValueError:  # no shape fits
        times = (None,) * 4
    return dict(zip(('both_device_ms', 'both_host_ms', 'forward_replay_ms', 'both_replay_ms'), times))
