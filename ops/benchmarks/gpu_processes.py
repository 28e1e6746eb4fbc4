"""Section on several processes: two on one device, their gradients averaged, against one process.

Started with ``--rank`` it is one of the two.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import torch
from torch import Tensor, distributed

sys.path[:0] = [str(Path(__file__).resolve().parents[1]), str(Path(__file__).resolve().parent)]

from gpu_report import Report  # noqa: E402
from pyramid import room_level  # noqa: E402
from stand_in_network import DEPTHS, StandInNetwork  # noqa: E402
from torch.nn.parallel import DistributedDataParallel  # noqa: E402

PROCESSES, STEPS, RATE = 2, 2, 0.05
FEWEST_VOXELS = 800  # of a scene; each has others
SECONDS = 120  # for both processes
TOLERANCE = 1e-4


def two_processes(report: Report, device: torch.device) -> None:
    """Train two steps in two processes, one scene each, and in one that adds up the gradients of both."""
    with tempfile.TemporaryDirectory() as folder:
        gradients = _of_processes(Path(folder), device)
    network = _network(device)
    expected = _train(network, network, range(PROCESSES))
    report.attempt('both processes have the same gradients', lambda: _require(gradients, gradients[:1], 0))
    report.attempt('as one process has', lambda: _require(gradients[:1], [expected], TOLERANCE))


def _network(device: torch.device) -> StandInNetwork:
    torch.manual_seed(0)
    return StandInNetwork((1,) * len(DEPTHS)).to(device)


def _train(network: StandInNetwork, call: Callable[..., Tensor], scenes: range) -> list[dict[str, Tensor]]:
    """Take steps on the mean loss of scenes and return the gradients of each step on the CPU."""
    optimizer = torch.optim.SGD(network.parameters(), lr=RATE)
    gradients = []
    for step in range(STEPS):
        optimizer.zero_grad()
        for scene in scenes:
            level = room_level(1, FEWEST_VOXELS + 90 * (PROCESSES * step + scene))
            level = level.to(network.head.weight.device)
            (call(level.features(), level).square().mean() / len(scenes)).backward()
        gradients.append({name: p.grad.cpu().clone() for name, p in network.named_parameters()})
        optimizer.step()
    return gradients


def _of_processes(folder: Path, device: torch.device) -> list[list[dict[str, Tensor]]]:
    """Return the gradients that each of the processes has."""
    command = [sys.executable, __file__, '--device', device.type, '--folder', str(folder), '--rank']
    started = [
        subprocess.Popen([*command, str(rank)], stderr=subprocess.PIPE, text=True)
        for rank in range(PROCESSES)
    ]
    try:
        errors = [process.communicate(timeout=SECONDS)[1] for process in started]
    finally:
        for process in started:
            process.kill()  # one waits for ever where the other is gone
    for process, error in zip(started, errors):
        if process.returncode:
            raise AssertionError(f'a process ended with {process.returncode}: {error[-600:]}')
    return [torch.load(folder / f'{rank}.pt', weights_only=True) for rank in range(PROCESSES)]


def _require(got: list, expected: list, tolerance: float) -> None:
    for those in got:
        for step, (gradients, truths) in enumerate(zip(those, expected[0])):
            for name, truth in truths.items():
                error = float((gradients[name] - truth).abs().max() / truth.abs().max().clamp(min=1e-6))
                if not error <= tolerance:
                    raise AssertionError(f'{name} differs by {error:.1e} in step {step}')


def main() -> None:
    """Be one of the processes."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--device', required=True)
    parser.add_argument('--folder', type=Path, required=True, help='where the processes meet')
    parser.add_argument('--rank', type=int, required=True)
    options = parser.parse_args()
    meeting = f'file://{options.folder / "meeting"}'
    distributed.init_process_group('gloo', meeting, rank=options.rank, world_size=PROCESSES)
    device = torch.device(options.device)
    network = _network(device)
    gradients = _train(network, DistributedDataParallel(network), range(options.rank, options.rank + 1))
    torch.save(gradients, options.folder / f'{options.rank}.pt')
    distributed.barrier()
    distributed.destroy_process_group()


if __name__ == '__main__':
    main()
