"""Times window attention by algorithm: explicit pairs, bucketed torch, the fused CPU kernels.

    python ops/benchmarks/window_attention.py [--growth]

One thread, CPU seconds, medians, every algorithm on the same inputs in the same run; peak memory
is that of a fresh process over its inputs. The table goes to standard output.
"""

from __future__ import annotations

import argparse
import logging
import subprocess
import sys
from pathlib import Path

import torch

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from explicit_pairs import explicit_pairs  # noqa: E402
from swin3d_ops import window_attention  # noqa: E402
from workloads import LAYERS, Layer, attention_inputs, cpu_seconds, peak_megabytes, reset_peak_memory  # noqa: E402

SUBSETS = {'room_s0': 20_000, 'room_s1': 6_000, 'room_s2': 2_500}  # explicit pairs must fit in memory
GROWTH = (12_500, 25_000, 50_000, 100_000)
logger = logging.getLogger('benchmark')


def algorithms() -> dict:
    """Return name -> function of the arguments of ``window_attention``."""
    return {
        'explicit pairs': explicit_pairs,
        'torch': lambda *arguments: window_attention(*arguments, backend='torch'),
        'cpu': lambda *arguments: window_attention(*arguments, backend='cpu'),
    }


def measure(run, arguments: tuple, repeats: int) -> tuple[float, float]:
    """Return the CPU seconds of the forward and of the backward pass."""
    inputs = arguments[:6]

    def both():
        out = run(*arguments)
        return torch.autograd.grad(out, inputs, torch.ones_like(out))

    forward = cpu_seconds(lambda: run(*arguments), repeats)
    return forward, cpu_seconds(both, repeats) - forward


def peak_of(workload: str, algorithm: str) -> float:
    """Return the peak memory in MB that forward and backward add, measured in a fresh process."""
    command = [sys.executable, __file__, '--peak', workload, algorithm]
    return float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def report_peak(workload: str, algorithm: str) -> None:
    """Write the peak memory over the inputs, in MB."""
    run = algorithms()[algorithm]
    measure(run, attention_inputs(Layer(64, 1, 5, 2, 8)), 1)  # library, threads of autograd
    arguments = attention_inputs(LAYERS[workload], SUBSETS[workload])
    reset_peak_memory()
    before = peak_megabytes()
    out = run(*arguments)
    torch.autograd.grad(out, arguments[:6], torch.ones_like(out))
    sys.stdout.write(f'{peak_megabytes() - before:.1f}\n')


def compare(workload: str) -> None:
    """Log the comparison of all algorithms on one workload."""
    layer = LAYERS[workload]
    arguments = attention_inputs(layer, SUBSETS[workload])
    size = arguments[-1].ptr.diff().double()
    tokens = int(size.sum())
    pairs = float((size * size).sum()) / tokens
    logger.info(
        '\n%s: %d tokens, %.0f pairs a token, H %d, D %d', workload, tokens, pairs, layer.heads, layer.width
    )
    logger.info('| algorithm | forward s | backward s | peak MB | times the fused time |')
    logger.info('|---|---|---|---|---|')
    times = {name: measure(run, arguments, 1 if name != 'cpu' else 5) for name, run in algorithms().items()}
    fused = sum(times['cpu'])
    for name, (forward, backward) in times.items():
        logger.info(
            '| %s | %.4f | %.4f | %.0f | %.1f |',
            name,
            forward,
            backward,
            peak_of(workload, name),
            (forward + backward) / fused,
        )


def growth() -> None:
    """Log the time per token of the fused kernels against the number of tokens."""
    logger.info('\ngrowth, window 7, H 6, D 8: microseconds a token')
    logger.info('| tokens | pairs a token | forward | backward |\n|---|---|---|---|')
    for voxels in GROWTH:
        arguments = attention_inputs(Layer(voxels, 1, 7, 6, 8))
        size = arguments[-1].ptr.diff().double()
        tokens = float(size.sum())
        forward, backward = measure(algorithms()['cpu'], arguments, 3)
        logger.info(
            '| %d | %.0f | %.2f | %.2f |',
            tokens,
            float((size * size).sum()) / tokens,
            forward / tokens * 1e6,
            backward / tokens * 1e6,
        )


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--growth', action='store_true', help='also time 12 500 to 100 000 tokens')
    parser.add_argument('--peak', nargs=2, metavar=('WORKLOAD', 'ALGORITHM'), help='peak memory of one case')
    options = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format='%(message)s', stream=sys.stdout)
    torch.set_num_threads(1)
    if options.peak:
        logging.disable(logging.INFO)
        report_peak(*options.peak)
        return
    for workload in LAYERS:
        compare(workload)
    if options.growth:
        growth()


if __name__ == '__main__':
    main()
