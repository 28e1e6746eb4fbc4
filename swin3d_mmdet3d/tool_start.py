"""A tool's first seconds: Ctrl-C while Python imports torch and mmdet3d ends it in one line.

Only `python -m swin3d_mmdet3d.tools.NAME` is such a start. In all other programs, also in those that run
their own modules by `-m` and import this package, signals stay what they are.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from types import FrameType

from .stop_signals import exit_status

_TOOLS = f'{__package__}.tools.'
INTERRUPTED = 'interrupted'
"""What a tool says at its end by Ctrl-C."""


def is_tool_start() -> bool:
    """Whether Python is looking for the module of `python -m swin3d_mmdet3d.tools.NAME`.

    Not known of Python 3.9, which does not keep its own command line.
    """
    words = getattr(sys, 'orig_argv', ())
    started = any(option == '-m' and name.startswith(_TOOLS) for option, name in zip(words, words[1:]))
    return started and sys.argv[:1] == ['-m']


def exit_at_interrupt() -> None:
    """Let Ctrl-C end this process at once, with one line and 130, until `raise_at_interrupt`.

    An exception would be caught by whichever import tries a package and goes on without it. A SIGINT that is
    ignored, as of jobs in the background, or caught by others stays so.
    """
    is_main = threading.current_thread() is threading.main_thread()
    if is_main and signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, _exit)


def raise_at_interrupt() -> None:
    """Let Ctrl-C raise KeyboardInterrupt again, where `exit_at_interrupt` has changed that."""
    if signal.getsignal(signal.SIGINT) is _exit:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def _exit(number: int, frame: FrameType | None) -> None:
    os.write(2, f'{INTERRUPTED}\n'.encode())
    os._exit(exit_status(number))
