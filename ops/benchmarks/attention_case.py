"""Times window attention on one workload by one algorithm and reports seconds and peak memory as JSON.

    python ops/benchmarks/attention_case.py ALGORITHM WORKLOAD [TOKENS]

WORKLOAD is one of the four, or ``cloud:voxel:stride:window:heads:width``; TOKENS limits the finest voxels.
Run by the tables, each case in a fresh process.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

import torch

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from explicit_pairs import attend_pairs, explicit_pairs, list_pairs, table_products  # noqa: E402
from swin3d_ops import window_attention  # noqa: E402
from swin3d_ops.window_attention import torch_impl  # noqa: E402
from timing import forward_and_backward, peak_megabytes, report, reset_peak_memory  # noqa: E402
from workloads import LAYERS, ROOM_VOXELS, Layer, attention_inputs, cloud_of, voxel_level  # noqa: E402

TINY = Layer('room', 0.02, 1, 5, 2, 8)


def bucketed(elements: int):
    """Return the torch back-end that keeps activations up to a number of elements."""

    def run(*arguments):
        torch_impl.KEPT_ELEMENTS = elements
        return window_attention(*arguments, backend='torch')

    return run


def compiled():
    """Return explicit pairs whose arithmetic torch.compile fuses; the pairs are listed outside."""
    core = torch.compile(attend_pairs, dynamic=False)
    return lambda *arguments: core(*arguments[:-1], *list_pairs(arguments[-1]))


ALGORITHMS = {
    'explicit': lambda: explicit_pairs,
    'products': lambda: table_products,
    'compiled': compiled,
    'bucketed': lambda: bucketed(2**62),
    'recomputed': lambda: bucketed(0),
    'cpu': lambda: lambda *arguments: window_attention(*arguments, backend='cpu'),
}


def layer_of(text: str) -> Layer:
    """Return a workload by name or description."""
    if text in LAYERS:
        return LAYERS[text]
    cloud, voxel, *numbers = text.split(':')
    return Layer(cloud, float(voxel), *map(int, numbers))


def inputs_of(layer: Layer, tokens: int) -> tuple:
    """Return the arguments of ``window_attention``."""
    level = voxel_level(cloud_of(layer.cloud), layer.voxel, layer.stride, tokens)
    return attention_inputs(level, layer.window, layer.heads, layer.width)


def main() -> None:
    """Run the command line."""
    algorithm, layer = sys.argv[1], layer_of(sys.argv[2])
    tokens = int(sys.argv[3]) if len(sys.argv) > 3 else ROOM_VOXELS
    run = ALGORITHMS[algorithm]()
    arguments = inputs_of(layer, tokens)
    if algorithm != 'compiled':  # library and autograd's thread are no part of the peak
        tiny = inputs_of(TINY, 500)
        forward_and_backward(lambda: run(*tiny), tiny[:6], 1)
    before = reset_peak_memory()
    out = run(*arguments)
    torch.autograd.grad(out, arguments[:6], torch.ones_like(out))
    peak = peak_megabytes() - before
    del out
    clock = time.perf_counter if torch.get_num_threads() > 1 else time.process_time
    forward, backward = forward_and_backward(lambda: run(*arguments), arguments[:6], clock=clock)
    size = arguments[-1].ptr.diff().double()
    report(
        forward=forward, backward=backward, peak=peak, tokens=len(arguments[0]), windows=len(size),
        pairs=float((size * size).sum()) / len(arguments[0]),
    )  # fmt: skip


if __name__ == '__main__':
    main()
