"""Tickets of finished scenes: what was written of them, so that a run that goes on knows what it may keep."""

from __future__ import annotations

import json
import logging
import zlib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from mmengine.logging import print_log

from ...atomic_write import atomic_write


def write_ticket(path: Path, root: Path, stamp: dict, files: Iterable[Path], content: dict) -> dict:
    """Write the ticket of a scene whose files are all written.

    Args:
        path: The ticket, a JSON file.
        root: Folder of the data set.
        stamp: What decides the bytes of the files besides raw data; JSON types.
        files: The files of the scene, in `root`.
        content: What the run has to know of the scene; JSON types.

    Returns:
        The content as :func:`read_ticket` will give it.
    """
    sizes = {file.relative_to(root).as_posix(): file.stat().st_size for file in files}
    ticket = {'stamp': stamp, 'bytes': sizes, 'content': content}
    text = json.dumps({'crc32': _check_sum(ticket), 'ticket': ticket})
    with atomic_write(path) as part:
        part.write_text(text)
    return json.loads(text)['ticket']['content']


def read_ticket(path: Path, root: Path, stamp: dict) -> dict | None:
    """The content of the ticket of a scene, if it was written with this stamp and its files are whole.

    A ticket that is damaged is logged as a warning.

    Returns:
        The content; None where the scene is to be made, anew or for the first time.
    """
    try:
        signed: Any = json.loads(path.read_bytes())
        ticket = signed['ticket']
        if signed['crc32'] != _check_sum(ticket):
            raise ValueError('its check sum is another')
        fits = _check_sum(ticket['stamp']) == _check_sum(stamp)
        whole = fits and all(_has_size(root / file, size) for file, size in ticket['bytes'].items())
        content = ticket['content']
        if not isinstance(content, dict):
            raise TypeError(f'its content must be a dict, got {type(content).__name__}')
    except FileNotFoundError:
        return None
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError, OSError) as error:
        reason = f'{type(error).__name__}: {error}'
        print_log(
            f'ticket {path} is damaged or of an earlier version ({reason}): its scene is made again',
            'current',
            logging.WARNING,
        )
        return None
    return content if whole else None


def _check_sum(value: Any) -> int:
    return zlib.crc32(json.dumps(value, sort_keys=True).encode())


def _has_size(path: Path, size: int) -> bool:
    return path.is_file() and path.stat().st_size == size
