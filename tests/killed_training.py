"""A training that is killed within its saves, again and again, and resumed each time."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import torch

ROOT = Path(__file__).parents[1]
CONFIG = """
_base_ = [{base!r}]
train_dataloader = dict(
    batch_size=1, num_workers={workers}, persistent_workers={workers} > 0,
    dataset=dict(dataset=dict(data_root={rooms!r})))
val_dataloader = val_cfg = val_evaluator = None
model = dict(data_preprocessor=dict(voxel_size=0.3))
train_cfg = dict(_delete_=True, type='IterBasedTrainLoop', max_iters=100000)
default_hooks = dict(checkpoint=dict(interval=2), logger=dict(interval=1))
"""
PHASES = ('begun', 'half written', 'written', 'renamed', 'last_checkpoint begun', 'old one gone')
"""Moments of a save, in their order; the kill is sent when the watcher sees the first sign of one."""


@dataclass
class Kill:
    """What one kill left and what the next start made of it."""

    workers: int
    aimed: str
    part_bytes: int | None
    whole: list[int]
    damaged: list[int]
    named: int | None
    resumed: int | None = None

    def row(self):
        left = 'no part' if self.part_bytes is None else f'a part of {self.part_bytes} bytes'
        return (
            f'| {self.workers} | {self.aimed} | {left} | {self.whole} | {self.damaged} | {self.named} '
            f'| {self.resumed} |'
        )


def write_config(folder: Path, rooms: Path, workers: int) -> Path:
    base = ROOT / 'configs' / 'swin3d' / 'swin3d-tiny_rooms-seg.py'
    path = folder / f'killed_{workers}_workers.py'
    path.write_text(CONFIG.format(base=str(base), workers=workers, rooms=str(rooms)))
    return path


class Training:
    """`train --resume` in a process of its own."""

    def __init__(self, config: Path, work_dir: Path):
        self.work_dir = work_dir
        self.log = work_dir.with_suffix('.log').open('w')
        command = [sys.executable, '-m', 'swin3d_mmdet3d.tools.train', str(config), '--resume']
        command += ['--work-dir', str(work_dir)]
        environment = dict(os.environ, PYTHONPATH=os.pathsep.join([str(ROOT), str(ROOT / 'ops')]))
        self.process = subprocess.Popen(command, stdout=self.log, stderr=subprocess.STDOUT, env=environment)

    def text(self):
        return Path(self.log.name).read_text()

    def wait_for(self, sign, seconds=1200):
        end = time.time() + seconds
        while not sign():
            if self.process.poll() is not None:
                raise RuntimeError(f'the training ended:\n{self.text()[-3000:]}')
            if time.time() > end:
                raise TimeoutError(f'no sign of it in {seconds} s:\n{self.text()[-3000:]}')
            time.sleep(0.0005)

    def kill(self):
        self.process.kill()  # by SIGKILL
        self.process.wait()
        self.log.close()


def steps(folder: Path) -> dict[int, Path]:
    return {int(p.stem.split('_')[1]): p for p in folder.glob('iter_*.pth')}


def is_whole(path: Path) -> bool:
    try:
        return {'state_dict', 'optimizer', 'meta'} <= set(torch.load(path, weights_only=False))
    except (RuntimeError, EOFError, OSError):
        return False


def sign_of(phase: str, folder: Path, size: int):
    """A function that is true when a save has come to `phase`; `size` bytes are a whole checkpoint."""
    before, pointer = set(steps(folder)), folder / 'last_checkpoint'

    def part_size():
        try:
            return max((p.stat().st_size for p in folder.glob('.iter_*.part.pth')), default=-1)
        except FileNotFoundError:
            return -1

    return {
        'begun': lambda: part_size() >= 0,
        'half written': lambda: part_size() > size // 2,
        'written': lambda: part_size() >= size - 4096,
        'renamed': lambda: set(steps(folder)) - before,
        'last_checkpoint begun': lambda: any(folder.glob('.last_checkpoint.*'))
        or (set(steps(folder)) - before and pointer.read_text().endswith(f'iter_{max(steps(folder))}.pth')),
        'old one gone': lambda: set(steps(folder)) - before
        and len(steps(folder)) == 2
        and pointer.read_text().endswith(f'iter_{max(steps(folder))}.pth'),
    }[phase]


def state_after(folder: Path, workers: int, phase: str) -> Kill:
    parts = [p.stat().st_size for p in folder.glob('.iter_*.part.pth')]
    files = steps(folder)
    whole = sorted(step for step, path in files.items() if is_whole(path))
    named = re.search(r'iter_(\d+)', (folder / 'last_checkpoint').read_text())
    return Kill(
        workers,
        phase,
        part_bytes=parts[0] if parts else None,
        whole=whole,
        damaged=sorted(set(files) - set(whole)),
        named=int(named[1]) if named else None,
    )


def resumed_from(text: str) -> int | None:
    match = re.search(r'resumed epoch: \d+, iter: (\d+)', text)
    return int(match[1]) if match else None


def kill_saves(folder: Path, rooms: Path, workers: int, phases: list[str]) -> list[Kill]:
    """Kill a training once in each of `phases`, resuming it after each kill."""
    config, work_dir = write_config(folder, rooms, workers), folder / f'killed_{workers}'
    training, kills = Training(config, work_dir), []
    try:
        training.wait_for(lambda: len(steps(work_dir)) >= 2)
        size = steps(work_dir)[max(steps(work_dir))].stat().st_size
        for phase in phases:
            training.wait_for(sign_of(phase, work_dir, size))
            training.kill()
            kills.append(state_after(work_dir, workers, phase))
            training = Training(config, work_dir)
            training.wait_for(lambda: resumed_from(training.text()) is not None)  # noqa: B023
            kills[-1].resumed = resumed_from(training.text())
    finally:
        training.kill()
    return kills


if __name__ == '__main__':  # FOLDER WORKERS KILLS: print the table of a longer run
    from swin3d_mmdet3d.tools.make_rooms import make_rooms

    target, count = Path(sys.argv[1]), int(sys.argv[3])
    target.mkdir(parents=True, exist_ok=True)
    data = make_rooms('s3dis', str(target / 'rooms'), num_rooms=6, points_per_room=2500, seed=3, workers=1)
    rows = kill_saves(target, Path(data), int(sys.argv[2]), [PHASES[i % len(PHASES)] for i in range(count)])
    sys.stdout.write('\n'.join(kill.row() for kill in rows) + '\n')
