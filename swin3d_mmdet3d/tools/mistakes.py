"""A user's mistake ends a tool in one line that says what was wrong; a fault of ours in a traceback."""

from __future__ import annotations

import difflib
import linecache
import os
import re
import signal
import sys
from collections.abc import Callable, Sequence

from ..memory_shortage import memory_shortage
from ..stop_signals import exit_on_termination, exit_status
from ..tool_start import INTERRUPTED, raise_at_interrupt

SHOW_TRACEBACK = 'SWIN3D_TRACEBACK'
"""Environment variable: set to 1, every error shows where it was raised."""

_BUILT_BY = re.compile(r'^(?:class `[^`]*` in \S+: )+')
_NOT_REGISTERED = re.compile(r'^(\S+) is not in the (?:\S+::)?(\S+) registry')
_WITHOUT_TYPE = re.compile(r'^`cfg` or `default_args` must contain the key "type", but got (.*?)(?: None)?$')
_WRONG_ARGUMENT = re.compile(r'__init__\(\) (got an unexpected keyword|missing \d+ required)')
"""What Python says of the settings that a config gives a class."""
_UNEXPECTED = re.compile(r"^(\w+)\.__init__\(\) got an unexpected keyword argument '\w+'")
_BY_WORKER = re.compile(r'^Caught .*Original Traceback.*\n(?:\w+\.)*\w+: ', re.DOTALL)


def run_tool(main: Callable[[Sequence[str] | None], int | None], words: Sequence[str] | None = None) -> int:
    """Run the main function of a tool.

    Args:
        main: Takes the words of the command line, None for the program's own, and returns the exit status.
        words: The words.

    Returns:
        The exit status: 1 after a mistake, which is told in the last line of the error output, 130 after an
        interruption.

    Raises:
        SystemExit: With 143 at SIGTERM.
    """
    try:
        raise_at_interrupt()
        with exit_on_termination():
            return main(words) or 0
    except KeyboardInterrupt:
        return _interrupted()
    except Exception as error:
        stop = _stop_behind(error)
        if isinstance(stop, KeyboardInterrupt):
            return _interrupted()
        if stop is not None:
            raise stop from None
        told = mistake(error)
        if told is None or os.environ.get(SHOW_TRACEBACK) == '1':
            raise
        sys.stderr.write(f'error: {told}\n')
        return 1


def _interrupted() -> int:
    sys.stderr.write(f'{INTERRUPTED}\n')
    return exit_status(signal.SIGINT)


def _stop_behind(error: BaseException) -> KeyboardInterrupt | SystemExit | None:
    """The end that was asked for while other code, which catches whatever comes, went on to this error."""
    cause = error.__context__
    while cause is not None and not isinstance(cause, (KeyboardInterrupt, SystemExit)):
        cause = cause.__context__
    return cause


def mistake(error: Exception) -> str | None:
    """One line for an error that a user can mend; None for one that is the program's fault."""
    text = str(error.args[0]) if isinstance(error, KeyError) and error.args else str(error)
    text = _BUILT_BY.sub('', _BY_WORKER.sub('', text))
    text = ' '.join(text.split())
    unknown = _NOT_REGISTERED.match(text)
    if unknown:
        return (
            f'type {unknown[1]!r}: no {unknown[2]} is registered under this name{_meant(*unknown.groups())}'
        )
    typeless = _WITHOUT_TYPE.match(text) if isinstance(error, KeyError) else None
    if typeless:
        return f'a dict of the config must have a type, got {typeless[1]}'
    unexpected = _UNEXPECTED.match(text) if isinstance(error, TypeError) else None
    if unexpected:
        return f"{text}; _delete_=True in the config's dict of {unexpected[1]} drops the settings of its base"
    shortage = memory_shortage(error)
    if shortage is not None:
        return shortage
    if isinstance(error, OSError):
        return f'{error.filename}: {error.strerror}' if error.filename and error.strerror else text
    told = isinstance(error, (ValueError, TypeError, ImportError)) and was_raised(error)
    told = told or (isinstance(error, TypeError) and _WRONG_ARGUMENT.search(text))
    return text if told or type(error).__name__ == 'ConfigParsingError' else None


def was_raised(error: Exception) -> bool:
    """Whether a statement `raise` made the error; what operators and functions of C refuse is our fault."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    if trace is None:
        return True
    line = linecache.getline(trace.tb_frame.f_code.co_filename, trace.tb_lineno)
    return line.split()[:1] in ([], ['raise'])


def _meant(name: str, kind: str) -> str:
    """Names that resemble an unknown one, or where a class may come from."""
    from mmdet3d import registry
    from mmengine.registry import Registry

    known = [it for it in vars(registry).values() if isinstance(it, Registry) and it.name == kind]
    names = {
        name for it in known for chain in (it, it.parent) if chain is not None for name in chain.module_dict
    }
    close = difflib.get_close_matches(name, names, n=2)
    if close:
        return f'; did you mean {" or ".join(close)}?'
    return '; custom_imports of the config must import the module that registers it'
