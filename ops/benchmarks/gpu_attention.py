"""Sections on window attention: every stage of Swin3D-S by back-end, and a sweep of its tuning constants."""

from __future__ import annotations

from unittest import mock

import torch
from gpu_pairs import PairAttention
from gpu_report import Report
from gpu_timing import Profile, milliseconds, peak_megabytes, replayed
from pyramid import room_level, table_rows, windows_with_signals
from stand_in_network import CHANNELS, HEADS, WINDOWS, levels_of
from swin3d_ops import window_attention
from swin3d_ops.window_attention import cuda_impl
from workloads import draw_features

SHARED_KILOBYTES, PERSISTENT_BLOCKS = (48, 72, 96, 112, 136, 227), (2, 3, 4, 8)
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
    """Write down both passes under every pair of shared memory of a block and persistent blocks.

    On a CPU, which heeds neither, one pair.
    """
    settings = [(kilobytes, blocks) for kilobytes in SHARED_KILOBYTES for blocks in PERSISTENT_BLOCKS]
    settings = settings if device.type == 'cuda' else settings[:1]
    today = cuda_impl.SHARED_TARGET / 1024, cuda_impl.BLOCKS_PER_MULTIPROCESSOR
    report.note(f'today: {today[0]:.0f} KiB, {today[1]} blocks a multiprocessor')
    problems = list(enumerate(stages(voxels, device)))[:3]
    for number, stage, (kilobytes, blocks) in report.cases((*p, s) for p in problems for s in settings):
        with mock.patch.multiple(cuda_impl, SHARED_TARGET=kilobytes * 1024, BLOCKS_PER_MULTIPROCESSOR=blocks):
            forward, both = stage.passes(device.type)
            values = dict(stage=number, kib=kilobytes, blocks=blocks)
            values['both_device_ms'], values['both_host_ms'] = milliseconds(both, device, 5)
            replays = [replayed(run, device) for run in (forward, both)]
            report.row(**values, forward_replay_ms=replays[0], both_replay_ms=replays[1])
