"""What a running step shows."""

import io
from types import SimpleNamespace

import pytest

from build_backend.environment import progress


@pytest.fixture
def clock(monkeypatch):
    clock = SimpleNamespace(now=0.0)
    monkeypatch.setattr(progress.time, 'monotonic', lambda: clock.now)
    return clock


@pytest.fixture
def terminal(monkeypatch):
    class Terminal(io.StringIO):
        is_terminal = False

        def isatty(self):
            return self.is_terminal

    terminal = Terminal()
    monkeypatch.setattr(progress, 'sys', SimpleNamespace(stdout=terminal))
    return terminal


def shown(clock, outputs):
    """Show the outputs, which come at the seconds that are their keys."""
    step = progress.Progress()
    for second, output in outputs.items():
        clock.now = second
        step.show(output)
    step.end()


def test_what_is_left_follows_the_rate_of_the_latter_half(clock, terminal):
    # the first of 20 files takes 20 s, each further one 2 s
    outputs = {18 + 2 * done: f'  [{done}/20] g++ file\n' for done in range(1, 11)}
    shown(clock, outputs)
    assert terminal.getvalue() == '    30 s, 6 of 20 files, about 28 s left\n'


def test_without_counts_the_elapsed_time_is_shown_every_half_minute(clock, terminal):
    shown(clock, {second: 'Collecting torch\n' for second in range(1, 65)})
    assert terminal.getvalue() == '    30 s\n    60 s\n'


def test_on_a_terminal_one_line_is_rewritten_and_taken_away(clock, terminal):
    terminal.is_terminal = True
    shown(clock, {1: '', 2: '[1/4] a\n[2/4] b\n'})
    assert terminal.getvalue() == '\r    1 s\x1b[K\r    2 s, 2 of 4 files\x1b[K\r\x1b[K'
