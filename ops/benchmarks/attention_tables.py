"""Tables of window attention: by algorithm, against the machine's limits, by stage, by size, by threads."""

from __future__ import annotations

import logging
import statistics

import torch
from swin3d_ops.window_attention.table_rows import table_row
from timing import cpu_seconds, in_fresh_process
from workloads import LAYERS, workload

logger = logging.getLogger('benchmark')

ALGORITHMS = {
    'explicit pairs': ('explicit', {}),
    'explicit pairs, table products': ('products', {}),
    'explicit pairs, torch.compile': ('compiled', {}),
    'bucketed torch': ('bucketed', {}),
    'bucketed torch, recomputed in backward': ('recomputed', {}),
    'cpu': ('cpu', {}),
    'cpu, AVX2 build': ('cpu', dict(SWIN3D_OPS_ISA='avx2')),
    'cpu, portable build': ('cpu', dict(SWIN3D_OPS_ISA='portable')),
}
STAGES = {
    'S': dict(width=(8, 16, 16, 16, 16), heads=(6, 6, 12, 24, 24), window=(5, 7, 7, 7, 7)),
    'L': dict(width=(8, 16, 16, 16, 16), heads=(10, 10, 20, 40, 40), window=(5, 7, 7, 7, 7)),
}
STRIDES = (1, 3, 6, 12, 24)
GROWTH = (12_500, 25_000, 50_000, 100_000)
BOUND = dict(OMP_PROC_BIND='true', OMP_PLACES='cores')
MM_SIZE = 2048


def total(case: dict) -> float:
    """Return the seconds of both passes."""
    return case['forward'] + case['backward']


def four_workloads() -> dict[str, dict]:
    """Log every algorithm on every workload; return the cases of the kernels."""
    kernels = {}
    for name in LAYERS:
        cases = {}
        for algorithm, (key, environment) in ALGORITHMS.items():
            cases[algorithm] = in_fresh_process('attention_case.py', key, name, **environment)
            logger.debug('%s, %s: %s', name, algorithm, cases[algorithm])
        kernels[name] = fused = cases['cpu']
        layer = LAYERS[name]
        logger.info(
            '\n%s: %d tokens, %d windows, %.1f pairs a token, H %d, D %d',
            name, fused['tokens'], fused['windows'], fused['pairs'], layer.heads, layer.width,
        )  # fmt: skip
        logger.info('| algorithm | forward s | backward s | both, times the kernels | peak MB |')
        logger.info('|---|---|---|---|---|')
        for algorithm, case in cases.items():
            if 'error' in case:
                logger.info('| %s | %s | | | |', algorithm, case['error'])
                continue
            numbers = case['forward'], case['backward'], total(case) / total(fused), case['peak']
            logger.info('| %s | %.4f | %.4f | %.1f | %.0f |', algorithm, *numbers)
    return kernels


def useful_operations(arguments: tuple) -> tuple[float, float]:
    """Return the floating-point operations that forward and backward need, table rows in use only.

    Forward, a token and head: three products with its distinct rows and two with its pairs, 2 D each, and
    three look-ups or additions a pair and axis. Backward: eight products with rows (three projections, three
    table gradients, two sums over histograms), five with pairs, and six additions a pair and axis.
    """
    q, signals, table_rows, windows = arguments[0], *arguments[6:]
    pairs = rows = 0
    for start, stop in zip(windows.ptr[:-1].tolist(), windows.ptr[1:].tolist()):
        signal = signals[windows.order[start:stop]]
        pairs += (stop - start) ** 2
        for axis, count in enumerate(table_rows):
            row = table_row(signal[:, None, axis], signal[None, :, axis], count)
            rows += int(torch.zeros(stop - start, count).scatter_(1, row, 1).sum())
    heads, width = q.shape[1:]
    axes = len(table_rows)
    forward = heads * (2 * width * (3 * rows + 2 * pairs) + 3 * axes * pairs)
    backward = heads * (2 * width * (8 * rows + 5 * pairs) + 6 * axes * pairs)
    return forward, backward


def arithmetic_rate(kernels: dict[str, dict]) -> None:
    """Log useful GFLOP/s against the machine's matrix product, one thread."""
    a, b = torch.randn(2, MM_SIZE, MM_SIZE)
    peak = 2 * MM_SIZE**3 / cpu_seconds(lambda: torch.mm(a, b)) / 1e9
    logger.info('\nUseful arithmetic, one thread; torch.mm of %d: %.0f GFLOP/s', MM_SIZE, peak)
    logger.info('| workload | forward GFLOP/s | of torch.mm | backward GFLOP/s | of torch.mm |')
    logger.info('|---|---|---|---|---|')
    for name, case in kernels.items():
        forward, backward = useful_operations(workload(name))
        rates = forward / case['forward'] / 1e9, backward / case['backward'] / 1e9
        numbers = rates[0], 100 * rates[0] / peak, rates[1], 100 * rates[1] / peak
        logger.info('| %s | %.1f | %.0f %% | %.1f | %.0f %% |', name, *numbers)


def memory() -> None:
    """Log the peak over the inputs against the tensors that must exist, C = 48."""
    logger.info('\nPeak memory over the inputs, forward and backward, H 6, D 8')
    logger.info('| tokens | peak MB | out, log-sum-exp, four gradients MB | kB a token beyond 60 MB |')
    logger.info('|---|---|---|---|')
    for tokens in (25_000, 100_000):
        case = in_fresh_process('attention_case.py', 'cpu', 'room_s0', tokens)
        needed = tokens * (48 * 5 + 6) * 4 / 2**20
        slope = max(0.0, case['peak'] - 60) * 2**10 / tokens
        logger.info('| %d | %.0f | %.0f | %.2f |', tokens, case['peak'], needed, slope)


def growth() -> None:
    """Log the time a token against the number of tokens and the size of the windows."""
    logger.info('\nGrowth, room at 2 cm, H 6, D 16, microseconds a token')
    logger.info('| tokens | window | pairs a token | forward | backward | both, times the first row |')
    logger.info('|---|---|---|---|---|---|')
    sizes = [(tokens, 7) for tokens in GROWTH] + [(25_000, window) for window in (3, 5, 7)]
    first = None
    for tokens, window in sizes:
        case = in_fresh_process('attention_case.py', 'cpu', f'room:0.02:1:{window}:6:16', tokens)
        per_token = [case[name] / case['tokens'] * 1e6 for name in ('forward', 'backward')]
        first = first or sum(per_token)
        numbers = case['tokens'], window, case['pairs'], *per_token, sum(per_token) / first
        logger.info('| %d | %d | %.0f | %.2f | %.2f | %.2f |', *numbers)


def threads() -> None:
    """Log the wall time of one and two bound threads, in turns."""
    logger.info('\nThreads bound to cores, wall seconds of forward + backward')
    logger.info('| workload | one thread | two threads | times faster |')
    logger.info('|---|---|---|---|')
    for name in ('room_s0', 'scan2_s1'):
        runs = {1: [], 2: []}
        for _ in range(3):
            for count, seconds in runs.items():
                seconds.append(
                    total(in_fresh_process('attention_case.py', 'cpu', name, threads=count, **BOUND))
                )
        one, two = (statistics.median(seconds) for seconds in runs.values())
        logger.info('| %s | %.4f | %.4f | %.2f |', name, one, two, one / two)


def stages() -> None:
    """Log all stages of Swin3D-S and Swin3D-L on the room of 100 000 voxels."""
    logger.info('\nAll stages on the room of 100 000 voxels')
    logger.info(
        '| stage | tokens | pairs a token | H | D | cpu forward | cpu backward | bucketed torch, times |'
    )
    logger.info('|---|---|---|---|---|---|---|---|')
    for model, sizes in STAGES.items():
        for stage, stride in enumerate(STRIDES):
            window, heads, width = (sizes[key][stage] for key in ('window', 'heads', 'width'))
            layer = f'room:0.02:{stride}:{window}:{heads}:{width}'
            fused = in_fresh_process('attention_case.py', 'cpu', layer)
            other = in_fresh_process('attention_case.py', 'bucketed', layer)
            ratio = total(other) / total(fused) if 'error' not in other else float('nan')
            row = f'{model} {stage}', fused['tokens'], fused['pairs'], heads, width
            times = fused['forward'], fused['backward'], ratio
            logger.info('| %s | %d | %.0f | %d | %d | %.4f | %.4f | %.1f |', *row, *times)
