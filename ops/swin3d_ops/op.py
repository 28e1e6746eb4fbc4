"""One rule for all ops: which back-end serves a call, why others cannot, and what is logged of the choice.

The folder of an op declares its :class:`Op`; nothing lists the ops. 'auto' takes the first back-end that is
written for the tensors' device, is there, agrees with the reference and takes the arguments, else ``torch``.
A back-end that is named, by the argument or by the environment, must run or the call raises.
"""

from __future__ import annotations

import functools
import logging
import os
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch

from . import cpu_runtime, cuda_runtime, self_check

ENVIRONMENT_VARIABLE = 'SWIN3D_OPS'

logger = logging.getLogger('swin3d_ops')
_declared: dict[str, Op] = {}
_logged: set[tuple[str, str, str]] = set()
_logging = threading.Lock()


def _no_reason(*arguments) -> None:
    return None


@dataclass(frozen=True)
class Implementation:
    """One back-end of an op.

    Attributes:
        run: computes the op from arguments that the front door has checked.
        devices: types of the devices whose tensors it takes; all without any.
        first_on: types of the devices on which 'auto' asks it before ``torch``.
        reason_missing: returns why this machine cannot run it, or None.
        reason_against: takes the arguments of a call and returns why it cannot take them, or None.
    """

    run: Callable
    devices: tuple[str, ...] = ()
    first_on: tuple[str, ...] = ()
    reason_missing: Callable[[], str | None] = _no_reason
    reason_against: Callable[..., str | None] = _no_reason


def cpu_kernels(run: Callable, reason_against: Callable[..., str | None] = _no_reason) -> Implementation:
    """Return the back-end of an op's kernels in the CPU library."""
    return _kernels('cpu', cpu_runtime, run, reason_against)


def cuda_kernels(run: Callable, reason_against: Callable[..., str | None] = _no_reason) -> Implementation:
    """Return the back-end of an op's CUDA kernels."""
    return _kernels('cuda', cuda_runtime, run, reason_against)


def _kernels(device_type: str, runtime, run: Callable, reason_against: Callable) -> Implementation:
    devices = (device_type,)
    return Implementation(run, devices, devices, lambda: runtime.reason_unavailable(), reason_against)


class Op:
    """An op and its back-ends.

    Args:
        name: name of the op, of which there is one.
        implementations: back-ends by name, 'torch' among them, which takes everything; the first is the
            reference, which the others are checked against.
        probe: solves a tiny problem by a back-end's function, with gradients where the op has any; see
            :mod:`swin3d_ops.self_check`.
    """

    def __init__(
        self, name: str, implementations: Mapping[str, Implementation], probe: self_check.Probe
    ) -> None:
        self.name = name
        self.implementations = dict(implementations)
        self.probe = probe
        _declared[name] = self

    def run(self, backend: str, *arguments):
        """Compute the op by a back-end that :meth:`choose` returned."""
        return self.implementations[backend].run(*arguments)

    def choose(self, device_type: str, backend: str, *arguments) -> str:
        """Return the name of the back-end that serves a call.

        Args:
            device_type: type of the device of the tensors.
            backend: a name, or 'auto' for what the environment says.
            arguments: those of the call, for back-ends with limits; without any, limits do not count.

        Raises:
            ValueError: an unknown name, or a named back-end that cannot run (with the reason).
        """
        candidates = _candidates(self.name, device_type, backend)
        for name in candidates:
            reason = self.implementations[name].reason_against(*arguments) if arguments else None
            if reason is None:
                return name
            if len(candidates) > 1:
                _pass_over(self.name, device_type, name, reason)
        raise ValueError(f'{name!r} cannot run {self.name} here: {reason}')

    def reason_unavailable(self, backend: str, device_type: str | None = None) -> str | None:
        """Return None when a back-end can run, else why not.

        Args:
            backend: its name.
            device_type: type of the device to run it on; without one, the first that it is written for and
                this machine has.
        """
        implementation = self.implementations[backend]
        if not implementation.devices:
            return None
        if device_type not in implementation.devices:
            present = [kind for kind in implementation.devices if kind != 'cuda' or torch.cuda.is_available()]
            device_type = (present or implementation.devices)[0]
        return implementation.reason_missing() or reason_to_distrust(self.name, backend, device_type)


def declared() -> dict[str, Op]:
    """Return all ops by name."""
    return dict(_declared)


def available_backends(op: str) -> dict[str, str | None]:
    """Return for each back-end of an op None when it can run, else the reason why not.

    Args:
        op: name of the op, one of :func:`declared`.

    Raises:
        ValueError: there is no such op.
    """
    if op not in _declared:
        raise ValueError(f'op must be one of {tuple(_declared)}, got {op!r}')
    return {name: _declared[op].reason_unavailable(name) for name in _declared[op].implementations}


def forget() -> None:
    """Let the next calls check and choose afresh."""
    for cached in (reason_to_distrust, _automatic, _parse):
        cached.cache_clear()
    with _logging:
        _logged.clear()


@functools.cache
def reason_to_distrust(op: str, backend: str, device_type: str) -> str | None:
    """Return None when a back-end agrees with the reference of its op on a device, else what differs."""
    reference = next(iter(_declared[op].implementations.values()))
    run = _declared[op].implementations[backend].run
    return self_check.reason_to_distrust(_declared[op].probe, run, reference.run, device_type)


@torch.compiler.assume_constant_result
def _candidates(op_name: str, device_type: str, backend: str) -> tuple[str, ...]:
    """Return the back-ends to ask in turn: the one that is named, or what 'auto' finds."""
    op, source = _declared[op_name], 'backend'
    if backend == 'auto':
        source, backend = ENVIRONMENT_VARIABLE, _named_by_environment(op)
    if backend == 'auto':
        return _automatic(op_name, device_type)
    _require(op, device_type, source, backend)
    return (backend,)


def _require(op: Op, device_type: str, source: str, backend: str) -> None:
    """Raise unless a named back-end can run on a device."""
    if backend not in op.implementations:
        names = tuple(op.implementations)
        raise ValueError(f'{source} must be auto or one of {names} for {op.name}, got {backend!r}')
    devices = op.implementations[backend].devices
    reason = op.reason_unavailable(backend, device_type)
    if devices and device_type not in devices:
        why = '' if reason is None else f' ({backend}: {reason})'
        raise ValueError(f'{source}: {backend!r} cannot take tensors on {device_type!r}{why}')
    if reason is not None:
        raise ValueError(f'{source}: {backend!r} cannot run {op.name}: {reason}')


def _named_by_environment(op: Op) -> str:
    """Return 'auto' or the back-end that the environment names for an op."""
    for_all, for_one = _parse(os.environ.get(ENVIRONMENT_VARIABLE, 'auto'))
    default = for_all if for_all in op.implementations else 'auto'
    return for_one.get(op.name, default)


@functools.lru_cache
def _parse(text: str) -> tuple[str, dict[str, str]]:
    """Return what 'name' or 'op=name,op=name' says for all ops, and op by op."""
    for_all, for_one = 'auto', {}
    for part in filter(None, map(str.strip, text.split(','))):
        op, given, name = part.rpartition('=')
        if given and op not in _declared:
            raise ValueError(f'{ENVIRONMENT_VARIABLE} must name ops among {tuple(_declared)}, got {op!r}')
        if given:
            for_one[op] = name
        else:
            for_all = name
    known = list(dict.fromkeys(name for op in _declared.values() for name in op.implementations))
    if for_all not in ('auto', *known):
        raise ValueError(f'{ENVIRONMENT_VARIABLE} must be auto or one of {known}, got {for_all!r}')
    return for_all, for_one


@functools.cache
def _automatic(op_name: str, device_type: str) -> tuple[str, ...]:
    """Return the back-ends for a device that can run, then torch; log the first and what is before it."""
    op = _declared[op_name]
    written = [name for name, one in op.implementations.items() if device_type in one.first_on]
    reasons = {name: op.reason_unavailable(name, device_type) for name in written}
    ready = [name for name in written if reasons[name] is None]
    chosen = ready[0] if ready else 'torch'
    passed = written[: written.index(chosen)] if ready else written
    why = [f'{name}: {reasons[name]}' for name in passed]
    level = logging.WARNING if why else logging.INFO
    why = why or ([] if written else [f'none is written for {device_type!r}'])
    message = f'{op.name} on {device_type} runs on back-end {chosen}'
    _log_once((op.name, device_type, chosen), level, message + (f' ({"; ".join(why)})' if why else ''))
    return (*ready, 'torch')


@torch.compiler.assume_constant_result
def _pass_over(op: str, device_type: str, backend: str, reason: str) -> None:
    """Log that a back-end cannot take the arguments of a call."""
    message = f'{op} on {device_type} passes over back-end {backend} in some calls: {reason}'
    _log_once((op, device_type, f'not {backend}'), logging.INFO, message)


def _log_once(key: tuple[str, str, str], level: int, message: str) -> None:
    with _logging:
        known = key in _logged
        _logged.add(key)
    if not known:
        logger.log(level, message)
