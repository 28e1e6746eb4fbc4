"""An item that fails is named and costs no other item, whatever the failure is, a killed process included."""

import logging
import os
import subprocess
import sys
import zlib
from functools import partial

import pytest
from mmengine.logging import MMLogger

from swin3d_mmdet3d.one_of_many import each_of_many, one_of_many, told

FAILURES = {
    'zlib': (lambda: zlib.decompress(b'x'), 'item: error: Error -'),
    'memory': (lambda: bytearray(1 << 62), 'item: MemoryError'),
    'overflow': (lambda: (1 << 80).to_bytes(1, 'little'), 'item: OverflowError: int too big'),
    'type': (lambda: len(3), "item: TypeError: object of type 'int' has no len()"),
    'disk': (lambda: open('/nowhere/a'), "item: [Errno 2] No such file or directory: '/nowhere/a'"),
    'value': (lambda: int('a'), "item: invalid literal for int() with base 10: 'a'"),
}


@pytest.mark.parametrize('case', FAILURES)
def test_every_exception_becomes_one_line_that_names_the_item(case):
    work, expected = FAILURES[case]
    with one_of_many('item') as attempt:
        work()
    assert attempt.failure.startswith(expected)


def test_the_item_is_not_named_twice_and_lines_are_joined():
    assert told('a.ply', ValueError('a.ply: truncated')) == 'a.ply: truncated'
    assert told('a.ply', RuntimeError('first\n  second\n')) == 'a.ply: RuntimeError: first second'


@pytest.mark.parametrize('error', [KeyboardInterrupt, SystemExit])
def test_wishes_to_end_pass(error):
    with pytest.raises(error), one_of_many('item'):
        raise error


def test_traceback_is_logged_for_those_who_debug():
    logger, records = MMLogger.get_current_instance(), []
    handler = logging.Handler()
    handler.emit = records.append
    level = logger.level
    logger.setLevel(logging.DEBUG)
    logger.addHandler(handler)
    with one_of_many('item'):
        raise ValueError('here')
    logger.removeHandler(handler)
    logger.setLevel(level)
    (record,) = records
    assert record.levelno == logging.DEBUG and 'raise ValueError' in record.getMessage()


def double(item):
    if item == 3:
        raise MemoryError
    return 2 * item


@pytest.mark.parametrize('workers', [1, 3])
def test_the_others_are_done_and_keep_their_order(workers):
    attempts = each_of_many(double, list(range(9)), 'item {}'.format, workers)
    assert [it.item for it in attempts] == [f'item {i}' for i in range(9)]
    assert [it.result for it in attempts] == [0, 2, 4, None, 8, 10, 12, 14, 16]
    (failure,) = [it.failure for it in attempts if it.failure]
    assert failure.startswith(
        'item 3: MemoryError: the machine has too little memory: out of memory; fewer workers'
    )


def die_of(numbers, item):
    if item in numbers:
        os._exit(9)
    return item


def die_in_company(folder, item):
    """Ends the process at the first try of item 2, as a want of memory does that several share."""
    if item == 2 and not (folder / 'tried').exists():
        (folder / 'tried').touch()
        os._exit(9)
    return item


@pytest.mark.parametrize('numbers', [(0,), (1, 3), (0, 1, 2, 3)])
def test_killed_processes_are_named_with_their_items_and_cost_no_other(numbers):
    attempts = each_of_many(partial(die_of, numbers), list(range(4)), 'item {}'.format, 3)
    assert [it.result for it in attempts] == [None if i in numbers else i for i in range(4)]
    failures = [it.failure for it in attempts if it.failure]
    assert [text.split(':')[0] for text in failures] == [f'item {i}' for i in numbers]
    assert all('its process was killed, perhaps for want of memory' in text for text in failures)


def test_an_item_that_was_killed_in_company_is_done_alone(tmp_path):
    attempts = each_of_many(partial(die_in_company, tmp_path), list(range(5)), str, 2)
    assert [it.result for it in attempts] == list(range(5))


def test_no_items_are_no_work():
    assert each_of_many(double, [], str, 2) == []


HASTY = """
import os, signal
from functools import partial
from test_one_of_many import die_of
from swin3d_mmdet3d.one_of_many import each_of_many

signal.signal(signal.SIGTERM, lambda number, frame: None)  # as a tool has one that ends it
fork = os.fork

def fork_and_end():
    child = fork()
    if child and os.getpid() == parent:
        os.kill(child, signal.SIGTERM)  # as the executor does, which sees another one die
    return child

parent = os.getpid()
os.fork = fork_and_end
for _ in range(10):
    attempts = each_of_many(partial(die_of, ()), [1, 2, 3], str, 3)
    assert all('its process was killed' in it.failure for it in attempts)
"""


@pytest.mark.skipif(not hasattr(os, 'fork'), reason='processes are forked')
def test_a_process_that_is_ended_while_it_is_forked_is_not_waited_for():
    done = subprocess.run(
        [sys.executable, '-c', HASTY],
        capture_output=True,
        text=True,
        timeout=120,
        env=dict(os.environ, PYTHONPATH=os.pathsep.join(sys.path)),
    )
    assert done.returncode == 0, done.stderr
