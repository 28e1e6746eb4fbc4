"""Back-ends of the ops: which can run, why not, and which one serves a call."""

from __future__ import annotations

import logging
import os
import threading

import torch

from . import cpu_runtime, cuda_runtime
from .self_check import reason_to_distrust

BACKENDS = ('reference', 'torch', 'cpu', 'cuda')
OPS = ('window_attention', 'knn', 'gather_max', 'linear_gather_max', 'interpolate', 'sparse_conv')
ENVIRONMENT_VARIABLE = 'SWIN3D_OPS'

logger = logging.getLogger('swin3d_ops')
_RUNTIMES = {'cpu': cpu_runtime, 'cuda': cuda_runtime}
_MISSING = {('sparse_conv', 'cuda'): 'sparse_conv has no CUDA kernels'}
_logged: set[tuple[str, str, str]] = set()
_logging = threading.Lock()


def _check_op(op: str) -> None:
    if op not in OPS:
        raise ValueError(f'op must be one of {OPS}, got {op!r}')


def available_backends(op: str) -> dict[str, str | None]:
    """Return for each back-end None when it can run ``op``, else the reason why not.

    Args:
        op: one of ``OPS``.
    """
    _check_op(op)
    return {name: reason_unavailable(op, name) for name in BACKENDS}


def reason_unavailable(op: str, name: str) -> str | None:
    """Return None when the back-end ``name`` can run ``op``, else why not."""
    if (op, name) in _MISSING:
        return _MISSING[op, name]
    runtime = _RUNTIMES.get(name)
    return runtime and (runtime.reason_unavailable() or reason_to_distrust(op, name))


@torch.compiler.assume_constant_result
def choose_backend(op: str, device_type: str, backend: str) -> str:
    """Resolve 'auto' (argument, then environment) to the name of the back-end that serves.

    A back-end that is named must run or the call raises; only 'auto' may choose, and logs its choice once
    per op and device type: a warning where there are kernels for the device that cannot serve.

    Raises:
        ValueError: unknown name, or the named back-end cannot run (with the reason).
    """
    source = 'backend'
    if backend == 'auto':
        source, backend = ENVIRONMENT_VARIABLE, os.environ.get(ENVIRONMENT_VARIABLE, 'auto')
    if backend not in (*BACKENDS, 'auto'):
        raise ValueError(f'{source} must be auto or one of {BACKENDS}, got {backend!r}')
    if backend == 'auto':
        return _choose_automatically(op, device_type)
    reason = reason_unavailable(op, backend)
    if backend in _RUNTIMES and backend != device_type:
        why = '' if reason is None else f' ({backend} kernels: {reason})'
        raise ValueError(f'{source}: {backend!r} cannot take tensors on {device_type!r}{why}')
    if reason is not None:
        raise ValueError(f'{source}: {backend!r} cannot run {op}: {reason}')
    return backend


def _choose_automatically(op: str, device_type: str) -> str:
    written = device_type in _RUNTIMES and (op, device_type) not in _MISSING
    reason = f'no kernels for device type {device_type!r}'
    if device_type in _RUNTIMES:
        reason = reason_unavailable(op, device_type)
    name = device_type if reason is None else 'torch'
    why = '' if reason is None else f' ({device_type} kernels: {reason})'
    level = logging.WARNING if written and reason else logging.INFO
    _log_once((op, device_type, name), level, f'{op} on {device_type} runs on back-end {name}{why}')
    return name


def _log_once(key: tuple[str, str, str], level: int, message: str) -> None:
    with _logging:
        known = key in _logged
        _logged.add(key)
    if not known:
        logger.log(level, message)
