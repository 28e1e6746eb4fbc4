"""Sections on the network that stands in for Swin3D-S: against float64 on the CPU, and what a step costs."""

from __future__ import annotations

import contextlib
import os
import warnings
from collections import Counter
from pathlib import Path
from unittest import mock

import torch
from gpu_report import Report
from gpu_timing import MEGABYTE, Profile, milliseconds, wait
from pyramid import VoxelLevel, room_level
from stand_in_network import DEPTHS, FACTORS, StandInNetwork, levels_of

TOLERANCE = {torch.float64: 1e-5, torch.float32: 1e-3}
CHECKED_VOXELS = 3000  # a scene, of two
CHECKED_DEPTHS = (2,) * len(DEPTHS)  # regular and shifted windows
LAUNCHES = ('LaunchKernel', 'cuLaunch')
WAITS = ('StreamSynchronize', 'DeviceSynchronize', 'EventSynchronize')
COPIES = ('Memcpy',)
LONGEST = 25  # kernels of a step that are written down
LINES = 20  # lines of Python that wait
SHARES = (0.4, 1.0, 1.5)  # of the voxels, with activation checkpointing and without


def against_float64(report: Report, device: torch.device, voxels: int) -> None:
    """Hold values and all gradients against the vectorised PyTorch form on the CPU in float64."""
    torch.manual_seed(0)
    state = StandInNetwork(CHECKED_DEPTHS).state_dict()
    scenes = room_level(2, min(CHECKED_VOXELS, voxels))
    with mock.patch.dict(os.environ, SWIN3D_OPS='torch'):
        truth = _values(state, scenes, torch.float64)
    report.attempt('same coarser voxels and points', lambda: _require_same_levels(scenes, device))
    for dtype in report.cases(TOLERANCE):
        values = _values(state, scenes.to(device), dtype)
        errors = {name: _relative(values[name], expected) for name, expected in truth.items()}
        worst = max(errors, key=errors.get)
        row = dict(dtype=str(dtype).removeprefix('torch.'), output=errors['output'], worst=worst)
        report.row(**row, error=errors[worst])
        report.attempt(f'within {TOLERANCE[dtype]:.0e}', lambda: _require_small(errors, dtype))  # noqa: B023


def _values(state: dict, level: VoxelLevel, dtype: torch.dtype) -> dict[str, torch.Tensor]:
    """Return output and parameter gradients in training mode, on the CPU."""
    network = StandInNetwork(CHECKED_DEPTHS)
    network.load_state_dict(state)
    network.to(level.coords.device, dtype)
    out = network(level.features().to(dtype), level)
    wave = torch.sin(torch.arange(out.numel(), dtype=torch.float64)).view(out.shape)
    (out * wave.to(out)).sum().backward()
    grads = {name: parameter.grad for name, parameter in network.named_parameters()}
    return {name: tensor.detach().cpu() for name, tensor in dict(output=out, **grads).items()}


def _relative(got: torch.Tensor, expected: torch.Tensor) -> float:
    got, expected = got.double(), expected.double()
    return float((got - expected).abs().max() / expected.abs().max().clamp(min=1e-6))


def _require_small(errors: dict[str, float], dtype: torch.dtype) -> None:
    wrong = {name: error for name, error in errors.items() if not error <= TOLERANCE[dtype]}
    if wrong:
        raise AssertionError(f'{len(wrong)} of {len(errors)} differ, the first {next(iter(wrong.items()))}')


def _require_same_levels(scenes: VoxelLevel, device: torch.device) -> None:
    for factor, here, there in zip((1, *FACTORS), levels_of(scenes), levels_of(scenes.to(device))):
        for name in ('coords', 'xyz', 'rgb', 'ptr'):
            if not torch.equal(getattr(here, name), getattr(there, name).cpu()):
                raise AssertionError(f'{name} differs at the level of stride {here.stride} (factor {factor})')


class Step:
    """Forward pass and training step (AdamW) of one batch in one precision."""

    def __init__(self, level: VoxelLevel, autocast: torch.dtype | None) -> None:
        torch.manual_seed(0)
        self.level, self.autocast, self.device = level, autocast, level.coords.device
        self.network = StandInNetwork().to(self.device)
        self.feats = level.features()
        self.optimizer = torch.optim.AdamW(self.network.parameters(), lr=1e-6)

    def _context(self):
        if self.autocast is None:
            return contextlib.nullcontext()
        return torch.autocast(self.device.type, dtype=self.autocast)

    def forward(self) -> None:
        """Run the network as in a test."""
        self.network.eval()
        with torch.no_grad(), self._context():
            self.network(self.feats, self.level)

    def train(self) -> None:
        """Run one step of training."""
        self.network.train()
        with self._context():
            out = self.network(self.feats, self.level)
        out.float().square().mean().backward()
        self.optimizer.step()
        self.optimizer.zero_grad()


def steps(report: Report, device: torch.device, voxels: int) -> None:
    """Write down times, memory, launches and waits of the network by batch size and precision."""
    report.note('a network of the ops with the sizes of Swin3D-S stands in for it (stand_in_network.py)')
    precisions = (None, torch.bfloat16, torch.float16) if device.type == 'cuda' else (None,)
    for batch, autocast in report.cases((b, p) for b in (1, 4) for p in precisions):
        step = Step(room_level(batch, voxels if batch == 1 else voxels // 2).to(device), autocast)
        name = 'float32' if autocast is None else f'autocast {str(autocast).removeprefix("torch.")}'
        values = dict(batch=batch, voxels=len(step.level), precision=name)
        for what, run in (('forward', step.forward), ('step', step.train)):
            _time(report, values, what, run, device)
        if batch == 1 and device.type == 'cuda':
            _waits_by_line(report, values, step)
        del step


def checkpointing(report: Report, device: torch.device, voxels: int) -> None:
    """Write down the time that activation checkpointing takes and the memory that it spares."""
    for share, with_cp in report.cases((s, c) for s in SHARES for c in (False, True)):
        step = Step(room_level(1, int(share * voxels)).to(device), None)
        if with_cp:
            step.network.checkpoint_activations()
        values = dict(voxels=len(step.level), precision='float32', with_cp=with_cp)
        _time(report, values, 'training', step.train, device)
        del step


def _time(report: Report, values: dict, what: str, run, device: torch.device) -> None:
    if device.type == 'cuda':
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats()
    on_device, on_host = milliseconds(run, device, 5 if device.type == 'cuda' else 1)
    peak = torch.cuda.max_memory_allocated() / MEGABYTE if device.type == 'cuda' else None
    record = Profile(run, device)
    report.row(
        **values, what=what, device_ms=on_device, host_ms=on_host, busy_ms=record.busy, peak_mb=peak,
        launches=record.count(*LAUNCHES), waits=record.count(*WAITS), copies=record.count(*COPIES),
    )  # fmt: skip
    if what == 'step' and values['batch'] == 1:
        for kernel, ms, launches in record.kernels[:LONGEST]:
            report.row(precision=values['precision'], kernel=kernel[:80], ms=ms, launches=launches)


def _waits_by_line(report: Report, values: dict, step: Step) -> None:
    """Write down the lines of Python at which a step waits for the device."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter('always')
        torch.cuda.set_sync_debug_mode('warn')
        try:
            step.train()
        finally:
            torch.cuda.set_sync_debug_mode('default')
    wait(step.device)
    # torch warns of the mode itself too
    caught = [w for w in caught if 'prototype' not in str(w.message)]
    lines = Counter(f'{"/".join(Path(w.filename).parts[-2:])}:{w.lineno}' for w in caught)
    for line, count in lines.most_common(LINES):
        report.row(precision=values['precision'], waits_at=line, count=count)
