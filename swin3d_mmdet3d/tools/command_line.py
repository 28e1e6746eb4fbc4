"""Command lines whose options take values that start with a dash: `--up -y`, `--unit-scale -1e-3`."""

from __future__ import annotations

import argparse
import importlib
import logging
import sys
from collections.abc import Callable, Sequence


class OneOf:
    """The type of an option whose choices are imported when a word is checked: help needs none of them.

    Args:
        module: Name of the module within this package, such as 'scan_files'.
        name: Of what holds the choices there.
    """

    def __init__(self, module: str, name: str) -> None:
        self.module, self.name = module, name

    def __call__(self, word: str) -> str:
        """The word, if it is a choice; an error of the command line names them all."""
        if word not in self.choices():
            raise argparse.ArgumentTypeError(
                f'invalid choice: {word!r} (choose from {", ".join(self.choices())})'
            )
        return word

    def choices(self) -> list[str]:
        """The choices."""
        package = __package__.partition('.')[0]
        return list(getattr(importlib.import_module(f'{package}.{self.module}'), self.name))


class CommandLine(argparse.ArgumentParser):
    """An ArgumentParser for which the word after an option of one value is that value.

    argparse takes a word such as -y for an option of its own and misses the value; the forms `--up=-y` and
    numbers such as -1 it understands. Only words that start with two dashes, or name an option, stay options.
    """

    def __init__(self, *args, **kwargs) -> None:
        self._takes_one: dict[str, bool] = {}
        super().__init__(*args, **kwargs)

    def add_argument(self, *args, **kwargs) -> argparse.Action:
        """As that of the base class."""
        action = super().add_argument(*args, **kwargs)
        self._takes_one.update(dict.fromkeys(action.option_strings, action.nargs is None))
        return action

    def parse_known_args(self, args: Sequence[str] | None = None, namespace=None):
        """As that of the base class."""
        return super().parse_known_args(self._joined(sys.argv[1:] if args is None else args), namespace)

    def _joined(self, words: Sequence[str]) -> list[str]:
        """The words, each option of one value joined by `=` with a value that starts with a dash."""
        joined: list[str] = []
        options = True
        for word in words:
            options = options and word != '--'
            is_value = word[:1] == '-' and word[:2] != '--' and len(word) > 1 and word not in self._takes_one
            if options and is_value and joined and self._awaits_value(joined[-1]):
                joined[-1] += f'={word}'
            else:
                joined.append(word)
        return joined

    def _awaits_value(self, word: str) -> bool:
        """Whether a word is a long option of one value, or the beginning of that one alone."""
        if word[:2] != '--':
            return False
        meant = [word] if word in self._takes_one else [it for it in self._takes_one if it.startswith(word)]
        return len(meant) == 1 and self._takes_one[meant[0]]


def add_frame_options(parser: argparse.ArgumentParser) -> None:
    """Add the unit and the upward axis of scans: `--unit-scale` and `--up`."""
    parser.add_argument(
        '--unit-scale', type=float, default=1.0, help='metres of one unit of the scans, 0.001 for millimetres'
    )
    parser.add_argument(
        '--up',
        type=OneOf('scan_files', 'UP_AXES'),
        default='z',
        metavar='AXIS',
        help='axis of the scans that points up: x, y, z, -x, -y or -z',
    )


def add_download_arguments(parser: argparse.ArgumentParser, raw: str) -> None:
    """Add what every preparation of a download takes: `raw`, with this help, `out` and `--workers`."""
    parser.add_argument('raw', help=raw)
    parser.add_argument('out', help='folder of the prepared data set')
    parser.add_argument('--workers', type=int, default=None, help='processes; all cores by default')


def exit_status(work: Callable[[], object]) -> int:
    """Run what a command line asks for: 0, or 1 with the reason logged where a part of it failed."""
    from mmengine.logging import print_log

    try:
        work()
    except (ValueError, OSError, RuntimeError) as error:
        print_log(str(error), 'current', logging.ERROR)
        return 1
    return 0
