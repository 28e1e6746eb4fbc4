"""How the GPU run times: on the device, on the host, without the host, kernel by kernel.

``device`` is the median between two CUDA events, ``host`` the median until the call returned: where both are
alike, Python is what was measured. ``replay`` is free of the host: the median of replays of the call captured
in a CUDA graph. On a CPU, device and host are the wall clock and there is no replay.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable

import torch
from torch.profiler import ProfilerActivity, profile

MEGABYTE = 1e6
WARM_UP = 2  # calls that are not counted
REPLAYS, ROUNDS = 5, 5


def wait(device: torch.device) -> None:
    """Wait for the device."""
    if device.type == 'cuda':
        torch.cuda.synchronize()


def milliseconds(function: Callable, device: torch.device, repeats: int = 8) -> tuple[float, float]:
    """Return the medians of a call (device, host) in ms, after calls that are not counted."""
    on_device, on_host = [], []
    for repeat in range(repeats + WARM_UP):
        events = [torch.cuda.Event(enable_timing=True) for _ in range(2 if device.type == 'cuda' else 0)]
        wait(device)
        start = time.perf_counter()
        for event in events[:1]:
            event.record()
        function()
        host = (time.perf_counter() - start) * 1e3
        for event in events[1:]:
            event.record()
            event.synchronize()
        if repeat >= WARM_UP:
            on_host.append(host)
            on_device.append(events[0].elapsed_time(events[1]) if events else host)
    return statistics.median(on_device), statistics.median(on_host)


def replayed(function: Callable, device: torch.device) -> float | str | None:
    """Return the ms of a call captured in a CUDA graph, or why it cannot be captured; None on a CPU."""
    if device.type != 'cuda':
        return None
    try:
        graph = captured(function)
    except Exception as error:  # of whatever kind: what waits for the device cannot be captured
        torch.cuda.synchronize()
        return f'not captured: {error}'[:80]
    start, stop = (torch.cuda.Event(enable_timing=True) for _ in range(2))
    times = []
    for _ in range(ROUNDS):
        start.record()
        for _ in range(REPLAYS):
            graph.replay()
        stop.record()
        stop.synchronize()
        times.append(start.elapsed_time(stop) / REPLAYS)
    del graph
    torch.cuda.empty_cache()  # the memory of a graph serves no other
    return statistics.median(times)


def captured(function: Callable) -> torch.cuda.CUDAGraph:
    """Return a call as a CUDA graph, after calls on a side stream as capturing demands."""
    side = torch.cuda.Stream()
    side.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(side):
        for _ in range(WARM_UP):
            function()
    torch.cuda.current_stream().wait_stream(side)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        function()
    return graph


def peak_megabytes(function: Callable, device: torch.device) -> float | None:
    """Return the peak of allocated memory during a call over what was allocated before; None on a CPU."""
    if device.type != 'cuda':
        function()
        return None
    wait(device)
    torch.cuda.reset_peak_memory_stats()
    before = torch.cuda.memory_allocated()
    function()
    wait(device)
    return (torch.cuda.max_memory_allocated() - before) / MEGABYTE


class Profile:
    """What one call did on the device and asked of its driver.

    Attributes:
        kernels: name, ms in all and launches of each kernel, the longest first; of each operator on a CPU.
        calls: number of calls of each function of CUDA's runtime and driver.
    """

    def __init__(self, function: Callable, device: torch.device) -> None:
        activities = [ProfilerActivity.CPU] + [ProfilerActivity.CUDA] * (device.type == 'cuda')
        with profile(activities=activities) as record:
            function()
            wait(device)
        events = record.key_averages()
        self.calls = {event.key: event.count for event in events if event.key.startswith('cu')}
        kernels = [(event.key, _own_ms(event, device), event.count) for event in events]
        self.kernels = sorted((k for k in kernels if k[1] > 0), key=lambda kernel: -kernel[1])

    @property
    def busy(self) -> float:
        """Ms that the device was busy."""
        return sum(ms for _, ms, _ in self.kernels)

    def count(self, *parts: str) -> int:
        """Return the number of calls of the functions whose names hold one of the parts."""
        return sum(count for name, count in self.calls.items() if any(part in name for part in parts))


def _own_ms(event, device: torch.device) -> float:
    """Return the ms of a kernel itself, not of the operator that launched it; of an operator on a CPU."""
    if device.type != 'cuda':
        return event.self_cpu_time_total / 1e3
    # annotations, as of optimizers, span the kernels below them
    if event.device_type != torch.autograd.DeviceType.CUDA or event.key.startswith('Optimizer.'):
        return 0.0
    # torch before 2.4 knows the second name alone
    time_of = 'self_device_time_total' if hasattr(event, 'self_device_time_total') else 'self_cuda_time_total'
    return getattr(event, time_of) / 1e3
