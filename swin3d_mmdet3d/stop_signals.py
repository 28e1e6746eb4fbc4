"""Signals that ask a program to stop: Ctrl-C (SIGINT) and SIGTERM, which schedulers send."""

from __future__ import annotations

import os
import signal
import threading
import time
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM)
_SAME_WISH = 1.0
"""Seconds within which a signal is the one before, which a launcher sends on to its processes."""


def exit_status(number: int) -> int:
    """The exit status of a program that a signal ended: 130 for SIGINT, 143 for SIGTERM."""
    return 128 + number


@contextmanager
def exit_on_termination() -> Iterator[None]:
    """Let SIGTERM end the block as Ctrl-C does, through its ``finally`` clauses, by ``SystemExit``.

    Processes that were forked in the block end at once. A SIGTERM that the caller ignores or catches stays
    so, and outside of the main thread nothing is done.
    """
    is_main = threading.current_thread() is threading.main_thread()
    if not is_main or signal.getsignal(signal.SIGTERM) is not signal.SIG_DFL:
        yield
        return
    owner = os.getpid()

    def end(number: int, frame: FrameType | None) -> None:
        if os.getpid() != owner:
            _end_by(number, signal.SIG_DFL)
            return
        _tell('terminated')
        raise SystemExit(exit_status(number))

    signal.signal(signal.SIGTERM, end)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)


@contextmanager
def hold_stop_signals() -> Iterator[None]:
    """Signals to stop that come to this thread within the block come behind it.

    To a process that is forked in the block they come when it lets them, by :func:`let_stop_signals`. One
    that came while it was forked would be lost: Python forgets the signals of that moment.
    """
    if not hasattr(signal, 'pthread_sigmask'):  # Windows, which forks nothing
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, STOP_SIGNALS)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def let_stop_signals() -> None:
    """In a process forked in :func:`hold_stop_signals`: those held come now, and SIGTERM ends it."""
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    if hasattr(signal, 'pthread_sigmask'):
        signal.pthread_sigmask(signal.SIG_UNBLOCK, STOP_SIGNALS)


class StopRequest:
    """A first signal to stop is kept for later, a second one does what it did before.

    Forked processes keep none: Ctrl-C in a terminal reaches them too, and it is for this one to end them.

    Attributes:
        received: Number of the signal, or 0.
    """

    def __init__(self) -> None:
        self.received = 0
        self._at = 0.0
        self._before: dict[int, Callable | int | None] = {}

    def watch(self, told: str) -> None:
        """Keep signals from now on, but for those that the process ignores, as jobs in the background do.

        Outside of the main thread Python lets nobody do so, and nothing is kept.

        Args:
            told: What is said of a first signal on the error output, behind its name.
        """
        if self._before or threading.current_thread() is not threading.main_thread():
            return
        owner, request = os.getpid(), weakref.ref(self)  # one that is forgotten keeps no signal

        def keep(number: int, frame: FrameType | None) -> None:
            if os.getpid() != owner:
                if number != signal.SIGINT:
                    _end_by(number, signal.SIG_DFL)
                return
            kept = request()
            if kept is None:
                _end_by(number, before[number])
            elif not kept.received:
                kept.received, kept._at = int(number), time.monotonic()
                _tell(f'{signal.Signals(number).name}: {told}')
            elif time.monotonic() - kept._at > _SAME_WISH:
                kept.ignore()
                os.kill(owner, number)

        before = self._before
        for number in STOP_SIGNALS:
            if signal.getsignal(number) is not signal.SIG_IGN:
                before[number] = signal.signal(number, keep)

    def ignore(self) -> None:
        """Let signals do what they did before."""
        while self._before:
            _restore(*self._before.popitem())


def _end_by(number: int, handler: Callable | int | None) -> None:
    """Let a signal do what `handler` does."""
    _restore(number, handler)
    os.kill(os.getpid(), number)


def _restore(number: int, handler: Callable | int | None) -> None:
    signal.signal(number, signal.SIG_DFL if handler is None else handler)  # None: one that C code has set


def _tell(text: str) -> None:
    """Write a line to the error output, past Python's buffer, in which the signal may have come."""
    os.write(2, f'{text}\n'.encode())
