"""Checks and times the CUDA kernels on a GPU; needs torch and the folder `ops`, takes under 10 minutes.

    python ops/benchmarks/gpu.py [--skip-checks] [--only WORKLOAD]

Every result is held against the float64 reference on the CPU first; a failed check ends the run. Times are
medians by CUDA events, all algorithms on the same inputs in the same run:

    pairs    a thread per pair and channel, global atomics, float32 (the original's algorithm)
    torch    the bucketed back-end in vectorised PyTorch
    cuda     the kernels of this package, float32 and float16

Two runs of `cuda` must give the same bits. The table goes to standard output as Markdown.
"""

from __future__ import annotations

import argparse
import logging
import statistics
import sys
from pathlib import Path

import torch

sys.path[:0] = [str(Path(__file__).resolve().parents[1]), str(Path(__file__).resolve().parent)]

from gpu_checks import check_all  # noqa: E402
from gpu_pairs import PairAttention  # noqa: E402
from swin3d_ops import cuda_compiler, cuda_runtime, knn, window_attention  # noqa: E402
from workloads import LAYERS, ROOM_VOXELS, cloud_of, voxel_level, workload  # noqa: E402

MEGABYTE = 1e6
logger = logging.getLogger('benchmark')


def milliseconds(function, repeats: int = 20) -> float:
    """Return the median time of a call on the GPU, after two calls that are not counted."""
    times = []
    for repeat in range(repeats + 2):
        start, stop = (torch.cuda.Event(enable_timing=True) for _ in range(2))
        start.record()
        function()
        stop.record()
        stop.synchronize()
        if repeat >= 2:
            times.append(start.elapsed_time(stop))
    return statistics.median(times)


def peak_megabytes(function) -> float:
    """Return the peak of allocated memory during a call over what was allocated before."""
    torch.cuda.synchronize()
    torch.cuda.reset_peak_memory_stats()
    before = torch.cuda.memory_allocated()
    function()
    torch.cuda.synchronize()
    return (torch.cuda.max_memory_allocated() - before) / MEGABYTE


def algorithm(name: str, arguments: tuple):
    """Return (forward, forward and backward) of an algorithm: 'pairs' or 'back-end, dtype'."""
    *inputs, signals, table_rows, windows = arguments
    if name == 'pairs':
        pairs = PairAttention(*arguments)
        grad_out = torch.ones_like(inputs[0])
        return pairs.forward, lambda: (pairs.forward(), pairs.backward(grad_out))[1]
    backend, dtype = name.split(', ')
    inputs = [tensor.detach().to(getattr(torch, dtype)).requires_grad_() for tensor in inputs]
    grad_out = torch.ones_like(inputs[0])

    def forward():
        return window_attention(*inputs, signals, table_rows, windows, backend=backend)

    def without_gradients():
        with torch.no_grad():
            return forward()

    return without_gradients, lambda: torch.autograd.grad(forward(), inputs, grad_out)


def to_gpu(arguments: tuple) -> tuple:
    """Return the arguments of ``window_attention`` on the GPU."""
    *tensors, table_rows, windows = arguments
    moved = {name: getattr(windows, name).cuda() for name in ('order', 'ptr', 'cell')}
    return (*(tensor.detach().cuda() for tensor in tensors), table_rows, type(windows)(**moved))


def compare_attention(name: str) -> None:
    """Log the comparison of all algorithms on one workload."""
    arguments = to_gpu(workload(name))
    size = arguments[-1].ptr.diff().double()
    tokens, pairs = int(size.sum()), float((size * size).sum())
    heads, width = arguments[0].shape[1:]
    logger.info('\n%s: %d tokens, %.0f pairs a token, H %d, D %d', name, tokens, pairs / tokens, heads, width)
    logger.info('| algorithm | forward ms | both ms | peak MB | forward, both over cuda float32 |')
    logger.info('|---|---|---|---|---|')
    rows = {}
    for each in ('pairs', 'torch, float32', 'cuda, float32', 'cuda, float16'):
        forward, both = algorithm(each, arguments)
        repeats = 20 if each.startswith('cuda') else 5
        rows[each] = (milliseconds(forward, repeats), milliseconds(both, repeats), peak_megabytes(both))
    fused = rows['cuda, float32']
    for each, (forward, both, peak) in rows.items():
        logger.info(
            '| %s | %.3f | %.3f | %.0f | %.1f, %.1f |',
            each,
            forward,
            both,
            peak,
            forward / fused[0],
            both / fused[1],
        )
    _, both = algorithm('cuda, float32', arguments)
    same = all(torch.equal(first, second) for first, second in zip(both(), both()))
    logger.info('two runs of cuda are %s', 'bit-identical' if same else 'NOT bit-identical')


def compare_neighbours() -> None:
    """Log the grid search against brute force and against cdist + topk, where their table fits."""
    fine, coarse = (voxel_level(cloud_of('room'), 0.02, stride, ROOM_VOXELS) for stride in (1, 2))
    source, query = fine.xyz.cuda(), (coarse.xyz * 2).cuda()
    ptr = [torch.tensor([0, len(cloud)]).cuda() for cloud in (query, source)]
    logger.info(
        '\n| k | queries | sources | cuda ms | torch ms | cdist + topk ms |\n|---|---|---|---|---|---|'
    )
    for k, first, second, bounds in ((16, query, source, ptr), (3, source, query, ptr[::-1])):
        times = [
            milliseconds(lambda: knn(first, second, k, *bounds, backend='cuda')),  # noqa: B023
            milliseconds(lambda: knn(first, second, k, *bounds, backend='torch'), 2),  # noqa: B023
            milliseconds(lambda: _by_table(first, second, k), 3),  # noqa: B023
        ]
        logger.info('| %d | %d | %d | %.3f | %.2f | %.2f |', k, len(first), len(second), *times)


def _by_table(query, source, k: int) -> None:
    for part in query.split(4096):
        torch.cdist(part, source).topk(k, largest=False)


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument('--skip-checks', action='store_true', help='only time')
    parser.add_argument('--only', choices=tuple(LAYERS), help='one workload')
    options = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format='%(message)s', stream=sys.stdout)
    reason = cuda_runtime.reason_unavailable()
    if reason is not None:
        raise SystemExit(f'no GPU figures: {reason}')
    name, compiler = torch.cuda.get_device_name(), cuda_compiler.find_compiler().name
    logger.info('%s, torch %s, kernels compiled by %s', name, torch.__version__, compiler)
    if not options.skip_checks:
        check_all()
    for each in [options.only] if options.only else LAYERS:
        compare_attention(each)
    if not options.only:
        compare_neighbours()


if __name__ == '__main__':
    main()
