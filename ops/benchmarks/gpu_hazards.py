"""Section on hazards: what goes wrong on a GPU while values of one call are right."""

from __future__ import annotations

import copy

import torch
from gpu_report import Report
from gpu_timing import captured, wait
from pyramid import table_rows
from swin3d_ops import WindowIndex, knn, resample, window_attention

HEADS, WIDTH, WINDOW = 6, 8, 5
ROWS = table_rows(WINDOW)
# voxels: many windows of one; more than 2^31 elements of q, k and v on a GPU
MANY, HUGE = {'cuda': 1_000_000, 'cpu': 2000}, {'cuda': 16_000_000, 'cpu': 2000}


class Problem:
    """Attention of random float32 tokens in windows of given sizes (W,)."""

    def __init__(self, sizes: torch.Tensor, device: torch.device) -> None:
        generator = torch.Generator(device=device).manual_seed(1)
        count = int(sizes.sum())

        def draw(rows: int) -> torch.Tensor:
            return torch.randn(rows, HEADS, WIDTH, generator=generator, device=device)

        self.inputs = [draw(count) for _ in range(3)] + [draw(sum(ROWS)) * 0.3 for _ in range(3)]
        self.signals = torch.rand(count, len(ROWS), generator=generator, device=device) * 20
        self.windows = windows_of(sizes.to(device))

    def to(self, device: torch.device) -> Problem:
        """Return the same problem on another device."""
        other = copy.copy(self)
        other.inputs, other.signals = [tensor.to(device) for tensor in self.inputs], self.signals.to(device)
        other.windows = windows_of(self.windows.ptr.diff().to(device))
        return other

    def forward(self) -> torch.Tensor:
        """Return the output without a graph."""
        with torch.no_grad():
            return window_attention(*self.inputs, self.signals, ROWS, self.windows)

    def both(self) -> list[torch.Tensor]:
        """Return output and gradients."""
        leaves = [tensor.detach().requires_grad_() for tensor in self.inputs]
        out = window_attention(*leaves, self.signals, ROWS, self.windows)
        return [out.detach(), *torch.autograd.grad(out, leaves, torch.ones_like(out))]


def windows_of(sizes: torch.Tensor) -> WindowIndex:
    """Return windows of given sizes (W,) over rows in their order."""
    ptr = torch.nn.functional.pad(sizes.cumsum(0), (1, 0))
    order = torch.arange(int(ptr[-1]), device=sizes.device)
    return WindowIndex(order=order, ptr=ptr, cell=order.new_zeros(len(order), 3))


def hazards(report: Report, device: torch.device) -> None:
    """Try them one by one."""
    sizes = torch.randint(1, 120, (300 if device.type == 'cuda' else 20,), generator=_seeded())
    problem = Problem(sizes, device)
    expected = problem.both()
    feats = problem.inputs[0].flatten(1).contiguous()
    index = torch.arange(27, device=device).view(9, 3) % len(feats)
    clouds = feats[:500, :3].contiguous(), feats[:, :3].contiguous()
    bounds = [torch.tensor([0, len(cloud)], device=device) for cloud in clouds]
    report.attempt('same bits twice', lambda: require_same_bits(expected, problem.both()))
    report.attempt('signals written in place', lambda: _after_a_write(problem, device))
    if device.type == 'cuda':
        report.attempt('same bits on a side stream', lambda: _on_side_stream(problem, expected))
        for other in range(1, torch.cuda.device_count()):
            place = torch.device('cuda', other)
            report.attempt(f'on {place} beside', lambda: _on_device(problem, expected, place))  # noqa: B023
        for name, call in {
            'attention, forward': lambda: [problem.forward()],
            'attention, both passes': problem.both,
            'gather_max': lambda: [resample.gather_max(feats, index)],
            'knn': lambda: knn(*clouds, 16, *bounds, known=True),
        }.items():
            report.attempt(f'graph capture: {name}', lambda: _replays_as_it_ran(call))  # noqa: B023
    report.attempt(f'{MANY[device.type]} windows of one voxel', lambda: _many_windows(device))
    report.attempt(f'{HUGE[device.type] * 3 * HEADS * WIDTH} elements', lambda: _huge(device))
    report.attempt('no voxels', lambda: _empty(device))


def _seeded() -> torch.Generator:
    return torch.Generator().manual_seed(0)


def require_same_bits(first, second) -> None:
    """Raise AssertionError unless all tensors are equal."""
    if not all(map(torch.equal, first, second)):
        raise AssertionError('other bits')


def _after_a_write(problem: Problem, device: torch.device) -> None:
    """What is kept of windows and signals must not outlive a write."""
    written = problem.to(device)
    written.signals = written.signals.clone()
    written.both()
    written.signals *= 0.5
    require_same_bits(written.to(device).both(), written.both())


def _on_side_stream(problem: Problem, expected: list[torch.Tensor]) -> None:
    """Run on another stream while the current one is busy, on windows that neither has seen; then on this."""
    side, noise = torch.cuda.Stream(), torch.randn(4096, 4096, device='cuda')
    side.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(side):
        unseen = problem.to(problem.signals.device)
        results = unseen.both()
    for _ in range(5):
        noise = noise @ noise * 1e-3
    torch.cuda.current_stream().wait_stream(side)
    require_same_bits(expected, results)
    require_same_bits(expected, unseen.both())


def _on_device(problem: Problem, expected: list[torch.Tensor], device: torch.device) -> None:
    """Run on a GPU that is not the current one."""
    require_same_bits(expected, [result.to(expected[0].device) for result in problem.to(device).both()])


def _replays_as_it_ran(call) -> None:
    """Capture a call, replay it, and compare what the replay wrote with what the call returns."""
    kept = []
    graph = captured(lambda: kept.append(call()))
    expected, written = call(), kept[-1]
    for tensor in written:
        tensor.zero_()
    graph.replay()
    wait(torch.device('cuda'))
    require_same_bits(expected, written)


def _many_windows(device: torch.device) -> None:
    """A voxel alone attends to itself: its output is its value and the value tables' middle rows."""
    problem = Problem(torch.ones(MANY[device.type], dtype=torch.long), device)
    out, table = problem.forward(), problem.inputs[5]
    first = torch.tensor([0, *ROWS]).cumsum(0)[:-1]
    middle = (first + torch.tensor(ROWS) // 2).to(device)
    expected = problem.inputs[2] + table[middle].sum(0)
    error = float((out - expected).abs().max())
    if not error <= 1e-5:
        raise AssertionError(f'outputs differ from the values by {error:.1e}')


def _huge(device: torch.device) -> None:
    """Where all values are one and the tables zero, so is every output, to the last of the rows."""
    count = HUGE[device.type]
    q, k, v = torch.ones(count, 3, HEADS, WIDTH, device=device, dtype=torch.float16).unbind(1)
    tables = q.new_zeros(3, sum(ROWS), HEADS, WIDTH)
    signals = torch.zeros(count, len(ROWS), device=device)
    windows = windows_of(torch.full((count // 2,), 2, device=device))
    out = window_attention(q, k, v, *tables, signals, ROWS, windows)
    if not bool((out == 1).all()):
        raise AssertionError('outputs that are not one')


def _empty(device: torch.device) -> None:
    results = Problem(torch.zeros(0, dtype=torch.long), device).both()
    if [len(result) for result in results] != [0] * 4 + [sum(ROWS)] * 3 or any(map(torch.any, results)):
        raise AssertionError('not empty outputs and zero gradients')
