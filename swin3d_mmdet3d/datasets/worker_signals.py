"""Loader workers that live until their training ends them, whatever signals its group of processes gets.

Ctrl-C in a terminal, `timeout` and schedulers send a signal to the workers, too. PyTorch's then die at once,
and their training fails in the middle of an iteration, before it can save what it has.
"""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from ..stop_signals import hold_stop_signals

_KNOWS_SENDERS = hasattr(signal, 'sigwaitinfo')  # not on macOS


@contextmanager
def shielded_start() -> Iterator[None]:
    """Start workers within the block: signals to stop never come to them, and to this process behind it."""
    if not _KNOWS_SENDERS:
        yield
        return
    with hold_stop_signals():
        yield


class ShieldedWorker:
    """The ``worker_init_fn`` of workers out of :func:`shielded_start`: SIGTERM of their parent ends them.

    Args:
        init: Another one to call with the number of the worker, if any.
    """

    def __init__(self, init: Callable[[int], None] | None) -> None:
        self.init = init

    def __call__(self, worker: int) -> None:
        """Prepare a worker."""
        if _KNOWS_SENDERS:
            threading.Thread(target=_end_by_parent, args=(os.getppid(),), daemon=True).start()
        if self.init is not None:
            self.init(worker)


def _end_by_parent(parent: int) -> None:
    """Wait for the signal by which multiprocessing ends a worker that is stuck."""
    while signal.sigwaitinfo([signal.SIGTERM]).si_pid != parent:
        pass
    os._exit(0)
