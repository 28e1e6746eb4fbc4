"""Whether checkpoints may run code: only where the user says so."""

from __future__ import annotations

import argparse
import os

TRUST_VARIABLE = 'SWIN3D_TRUST_PICKLE'
TRUST_OPTION = '--trust-pickle'


def trusts_pickle() -> bool:
    """Whether the user trusts all checkpoints that are read, code included: ``SWIN3D_TRUST_PICKLE=1``.

    Raises:
        ValueError: If the variable is neither 0 nor 1.
    """
    value = os.environ.get(TRUST_VARIABLE, '0')
    if value not in ('', '0', '1'):
        raise ValueError(f'{TRUST_VARIABLE} must be 0 or 1, got {value!r}')
    return value == '1'


def add_trust_option(parser: argparse.ArgumentParser) -> None:
    """Add ``--trust-pickle`` to a command line; it sets the variable, for loaders' processes too."""
    parser.add_argument(
        TRUST_OPTION,
        action=_Trust,
        nargs=0,
        help='read checkpoints that hold more than tensors and plain types by pickle, which runs whatever '
        f'code they name ({TRUST_VARIABLE}=1 does the same)',
    )


class _Trust(argparse.Action):
    """Sets the variable."""

    def __init__(self, option_strings: list[str], dest: str, **kwargs) -> None:
        super().__init__(option_strings, argparse.SUPPRESS, default=argparse.SUPPRESS, **kwargs)

    def __call__(self, parser, namespace, values, option_string=None) -> None:
        os.environ[TRUST_VARIABLE] = '1'
