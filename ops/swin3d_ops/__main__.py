"""Prints which back-end serves each op, and why the others do not: ``python -m swin3d_ops``."""

from __future__ import annotations

import logging
import sys

import torch

from . import cpu_runtime, cuda_compiler, cuda_runtime
from .cpu_library import KernelsUnavailableError
from .op import available_backends, declared, logger


def _cuda_status() -> str:
    reason = cuda_runtime.reason_unavailable()
    if reason is None:
        name = torch.cuda.get_device_name()
        major, minor = torch.cuda.get_device_capability()
        return f'compiled by {cuda_compiler.find_compiler().name} for {name}, sm_{major}{minor}'
    try:
        return f'{reason}; {cuda_compiler.find_compiler().name} could compile them'
    except KernelsUnavailableError as error:
        return f'{reason}; {error}'


def main() -> None:
    """Write one block per op to standard output."""
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(logging.Formatter('%(message)s'))
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    logger.info('torch %s, %d threads', torch.__version__, torch.get_num_threads())
    if cpu_runtime.reason_unavailable() is None:
        library = cpu_runtime.library()
        threads = 'OpenMP' if library.has_openmp else 'no OpenMP, one thread'
        bfloat16 = 'bfloat16' if library.has_bfloat16 else 'no bfloat16'
        logger.info('CPU kernels: %s build, %s, %s, %s', library.isa, threads, bfloat16, library.path)
    logger.info('CUDA kernels: %s', _cuda_status())
    for name_of_op, op in declared().items():
        op.choose('cpu', 'auto')
        if torch.cuda.is_available():
            op.choose('cuda', 'auto')
        for name, reason in available_backends(name_of_op).items():
            logger.info('    %-10s %s', name, 'can run' if reason is None else f'cannot run: {reason}')


if __name__ == '__main__':
    main()
