"""What a running step shows: the time it has taken and, where its output counts, what is left."""

from __future__ import annotations

import re
import sys
import time

COUNT = re.compile(r'^\s*\[(\d+)/(\d+)\]', re.MULTILINE)
"""How ninja counts what it has built."""
SECONDS_BETWEEN_LINES = 30


def say(text: str) -> None:
    """Show a line at once."""
    sys.stdout.write(text + '\n')
    sys.stdout.flush()


class Progress:
    """The time of a step: on a terminal in one line that is rewritten, else in a line every half minute."""

    def __init__(self):
        self.start = self.said = time.monotonic()
        self.counts = []
        self.total = 0

    def show(self, output: str) -> None:
        """Show the elapsed time and, by the counts in what the step has printed since, the time left."""
        now = time.monotonic()
        for done, total in COUNT.findall(output)[-1:]:
            self.counts.append((now - self.start, int(done)))
            self.total = int(total)
        text = f'    {now - self.start:.0f} s{self.remaining()}'
        if sys.stdout.isatty():
            sys.stdout.write(f'\r{text}\x1b[K')
            sys.stdout.flush()
        elif now - self.said >= SECONDS_BETWEEN_LINES:
            self.said = now
            say(text)

    def remaining(self) -> str:
        """What is left, by the rate of the latter half: the first units are the slow ones."""
        if not self.counts:
            return ''
        time_now, done = self.counts[-1]
        time_then, done_then = next(entry for entry in self.counts if 2 * entry[1] >= done)
        text = f', {done} of {self.total} files'
        if done == done_then:
            return text
        seconds = (self.total - done) * (time_now - time_then) / (done - done_then)
        return f'{text}, about {seconds:.0f} s left'

    def end(self) -> None:
        """Take the line off the terminal."""
        if sys.stdout.isatty():
            sys.stdout.write('\r\x1b[K')
            sys.stdout.flush()
