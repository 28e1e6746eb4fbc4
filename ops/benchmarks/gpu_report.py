"""The book of a GPU run: sections that fail apart from each other, rows that are on disk once they are known.

``results.json`` holds the settings of the run and, for each section, its rows, its seconds, its error or
None, the number of its cases that failed, and their tracebacks; ``report.md`` shows the same as tables. Both
are written anew after every row: a run that is cut off, or takes its process down, loses nothing.
"""

from __future__ import annotations

import json
import logging
import os
import threading
import time
import traceback
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

UNFINISHED = 'the process ended in this section'
LONGEST_ERROR = 600  # characters
logger = logging.getLogger('benchmark')


class Report:
    """Results of a run in a folder; one that holds some already is gone on with.

    Args:
        folder: where the two files are written.
        seconds: time that the run has.
        settings: what its figures depend on.

    Raises:
        ValueError: the folder holds the results of other settings.
    """

    def __init__(self, folder: Path, seconds: float, **settings) -> None:
        self.folder, self.settings = folder, settings
        folder.mkdir(parents=True, exist_ok=True)
        self._file = folder / 'results.json'
        stored = json.loads(self._file.read_text()) if self._file.exists() else {}
        if stored and stored['settings'] != settings:
            raise ValueError(f'{folder} holds the results of {stored["settings"]}, not of {settings}')
        self.results: dict[str, dict] = stored.get('sections', {})
        self._start = time.monotonic()
        self._end = self._section_end = self._start + seconds
        self._entry: dict = {}
        self._writing = threading.RLock()

    @property
    def failed(self) -> list[str]:
        """Sections that failed, or that hold a case that did."""
        return [name for name, entry in self.results.items() if entry['error'] or entry['failed cases']]

    def left(self) -> float:
        """Return the seconds that the section may still take."""
        return self._section_end - time.monotonic()

    def section(self, name: str, seconds: float, function: Callable[[], None]) -> None:
        """Run a section, unless it has been or no time is left; what it raises is written down.

        Args:
            name: its heading.
            seconds: what it may take at most; :meth:`cases` and :meth:`left` heed it.
            function: writes rows into this report.
        """
        start = time.monotonic()
        if name in self.results or start >= self._end:
            return
        self._section_end = min(self._end, start + seconds)
        self._entry = dict(error=UNFINISHED, seconds=0.0, rows=[], tracebacks=[])
        self._entry['failed cases'] = 0
        self.results[name] = self._entry
        logger.info('\n[%.0f s] %s', start - self._start, name)
        self._write()
        try:
            function()
            self._entry['error'] = None
        except Exception as error:  # of whatever kind: the next section runs
            self._fail(error)
            self._entry['error'] = _text(error)
            logger.info('FAILED: %s', _text(error))
        self._entry['seconds'] = round(time.monotonic() - start, 2)
        self._write()

    def row(self, **values) -> None:
        """Write down a row; neighbours with the same columns form a table."""
        with self._writing:
            self._entry['rows'].append(values)
            self._write()
        logger.info('  '.join(f'{name} {_cell(value)}' for name, value in values.items()))

    def note(self, text: str) -> None:
        """Write down a sentence."""
        self.row(note=text)

    def attempt(self, case: str, function: Callable[[], object]) -> None:
        """Write down what a case returns, or why it failed, which does not end the section."""
        start = time.monotonic()
        try:
            outcome = function()
            outcome = 'passed' if outcome is None else outcome
        except Exception as error:  # of whatever kind: the next case runs
            outcome = f'FAILED: {_text(error)}'
            self._fail(error)
            with self._writing:
                self._entry['failed cases'] += 1
        self.row(case=case, outcome=outcome, seconds=round(time.monotonic() - start, 2))

    def cases(self, cases: Iterable) -> Iterator:
        """Yield cases while the section has time, and note how many are left out."""
        cases = list(cases)
        for number, case in enumerate(cases):
            if self.left() <= 0:
                self.note(f'out of time: {len(cases) - number} of {len(cases)} cases are left out')
                return
            yield case

    def _fail(self, error: Exception) -> None:
        lines = traceback.format_exception(type(error), error, error.__traceback__)
        with self._writing:
            self._entry['tracebacks'].append(''.join(lines))

    def _write(self) -> None:
        with self._writing:
            everything = dict(settings=self.settings, sections=self.results)
            _replace(self._file, json.dumps(everything, indent=1, default=str))
            _replace(self.folder / 'report.md', markdown(self.results))


def _text(error: Exception) -> str:
    return f'{type(error).__name__}: {error}'[:LONGEST_ERROR]


def _replace(path: Path, text: str) -> None:
    """Write a file in one step."""
    fresh = path.with_suffix('.part')
    fresh.write_text(text)
    os.replace(fresh, path)


def markdown(results: dict[str, dict]) -> str:
    """Return results as tables under the headings of their sections."""
    lines = []
    for name, entry in results.items():
        lines += [f'## {name}', '', f'{entry["seconds"]:.1f} s']
        lines += [f'**FAILED: {_cell(entry["error"])}**'] if entry['error'] else []
        lines += [f'**Cases that failed: {entry["failed cases"]}**'] if entry['failed cases'] else []
        columns: list[str] = []
        for row in entry['rows']:
            if list(row) == ['note']:
                lines += ['', row['note']]
                columns = []
                continue
            if list(row) != columns:
                columns = list(row)
                lines += ['', f'| {" | ".join(columns)} |', '|---' * len(columns) + '|']
            lines.append(f'| {" | ".join(map(_cell, row.values()))} |')
        lines.append('')
    return '\n'.join(lines)


def _cell(value) -> str:
    """Return a value on one line, floats with four digits."""
    text = f'{value:.4g}' if isinstance(value, float) else '-' if value is None else str(value)
    return ' '.join(text.replace('|', '/').split())
