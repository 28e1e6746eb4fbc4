"""Work on many items: one that fails is named with the reason, and the others are done."""

from __future__ import annotations

import functools
import logging
import traceback
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from mmengine.logging import print_log
from mmengine.utils import ProgressBar

from .memory_shortage import memory_shortage
from .stop_signals import hold_stop_signals, let_stop_signals


@dataclass
class Attempt:
    """What became of the work on one item.

    Attributes:
        item: Name of the item.
        result: What the work gave.
        failure: One line that names the item and the reason; empty unless the work failed.
    """

    item: str
    result: Any = None
    failure: str = ''


@contextmanager
def one_of_many(item: str) -> Iterator[Attempt]:
    """A block of work on one item, whose exceptions end the block but not the work on the others.

    The traceback is logged at the level DEBUG. KeyboardInterrupt and SystemExit pass.

    Args:
        item: Name of the item.

    Yields:
        The attempt, whose `failure` is told when the block has raised.
    """
    attempt = Attempt(item)
    try:
        yield attempt
    except Exception as error:
        attempt.failure = told(item, error)
        print_log(traceback.format_exc(), 'current', logging.DEBUG)


def told(item: str, error: Exception) -> str:
    """The item, the kind of error where its text does not tell, and the text, in one line."""
    text = memory_shortage(error) or ' '.join(str(error).split())
    if not text or not isinstance(error, (ValueError, OSError)):
        text = f'{type(error).__name__}: {text}' if text else type(error).__name__
    return text if item in text else f'{item}: {text}'


def each_of_many(
    work: Callable[[Any], Any], items: Sequence, name: Callable[[Any], str], workers: int = 1
) -> list[Attempt]:
    """Work on every item, with a progress bar.

    A process that is killed, as for want of memory, costs no other item: those that were at work then
    are tried again, one at a time, and the one that is killed again has failed.

    Args:
        work: What to do with an item; sent to other processes, as its result is.
        items: The items.
        name: What messages call an item.
        workers: Processes; 1 works in this one.

    Returns:
        The attempts, in the order of the items.
    """
    if not items:
        return []
    bar = ProgressBar(len(items))
    task = functools.partial(_attempt, work)
    named = [(name(item), item) for item in items]
    attempts: dict[int, Attempt] = {}
    done = _one_by_one(task, named) if workers == 1 else _in_processes(task, named, workers)
    for number, attempt in done:
        attempts[number] = attempt
        bar.update()
    bar.file.write('\n')
    return [attempts[number] for number in range(len(items))]


def _attempt(work: Callable[[Any], Any], named: tuple[str, Any]) -> Attempt:
    with one_of_many(named[0]) as attempt:
        attempt.result = work(named[1])
    return attempt


def _one_by_one(task: Callable, named: list) -> Iterator[tuple[int, Attempt]]:
    return ((number, task(it)) for number, it in enumerate(named))


def _in_processes(task: Callable, named: list, workers: int) -> Iterator[tuple[int, Attempt]]:
    """Attempts as they are finished.

    Unlike a multiprocessing.Pool an executor notices that a process was killed. It has no more items
    than processes at a time, so that those that were at work are known.
    """
    waiting = list(enumerate(named))[::-1]
    while waiting:
        at_work: dict[Future, tuple[int, tuple]] = {}
        try:
            with _pool(min(workers, len(waiting))) as pool:
                while waiting or at_work:
                    while waiting and len(at_work) < workers:
                        future = _submit(pool, task, waiting[-1][1])
                        at_work[future] = waiting.pop()
                    for future in wait(at_work, return_when=FIRST_COMPLETED).done:
                        result = future.result()
                        yield at_work.pop(future)[0], result
        except BrokenProcessPool:
            for number, it in sorted(at_work.values()):
                yield number, _alone(task, it)


def _alone(task: Callable, named: tuple[str, Any]) -> Attempt:
    """The attempt of a process of its own."""
    with _pool(1) as pool:
        try:
            return _submit(pool, task, named).result()
        except BrokenProcessPool:
            reason = 'its process was killed, perhaps for want of memory: fewer workers need less'
            return Attempt(named[0], failure=f'{named[0]}: {reason}')


def _pool(workers: int) -> ProcessPoolExecutor:
    """Processes that SIGTERM ends at any moment: where one is killed, the executor ends the others so."""
    return ProcessPoolExecutor(workers, initializer=let_stop_signals)


def _submit(pool: ProcessPoolExecutor, task: Callable, named: tuple[str, Any]) -> Future:
    with hold_stop_signals():  # the first call forks
        return pool.submit(task, named)
