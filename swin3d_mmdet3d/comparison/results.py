"""Results of the comparison: a JSON file for each method and seed, filled measure by measure."""

from __future__ import annotations

import json
import os
import platform
import subprocess
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any

import torch

import swin3d_mmdet3d

from ..atomic_write import atomic_write
from ..synthetic_rooms import generator_hash
from .protocol import Protocol

PACKAGE = Path(swin3d_mmdet3d.__file__).parent


class SeedResults:
    """The results of one method and seed, kept in a file as they come.

    Args:
        folder: of the files.
        name: under which the method's results are kept.
        seed: the seed.
        protocol: what the results are made by; another one in the file is refused.

    Raises:
        ValueError: If the file is of another protocol or no whole result.
    """

    def __init__(self, folder: Path, name: str, seed: int, protocol: Protocol) -> None:
        provenance()  # that of the code as it starts
        self.path = folder / f'{name}_rooms{protocol.rooms_seed}_seed{seed}.json'
        self.content: dict[str, Any] = dict(method=name, seed=seed, protocol=protocol.as_json(), measures={})
        if self.path.is_file():
            self.content = _read(self.path)
            if self.content['protocol'] != protocol.as_json():
                raise ValueError(
                    f'{self.path} is of the protocol {self.content["protocol"]}, not {protocol.as_json()}: '
                    'name another folder'
                )

    def __contains__(self, measure: str) -> bool:
        return measure in self.content['measures']

    def add(self, measure: str, numbers: dict[str, Any]) -> None:
        """Keep the numbers of a measure, with the code and machine that gave them."""
        self.content['measures'][measure] = dict(numbers, **provenance())
        with atomic_write(self.path) as part:
            part.write_text(json.dumps(self.content, indent=1) + '\n')


def read_results(folder: Path) -> list[dict[str, Any]]:
    """The results of every method and seed in a folder, in the order of their names.

    Raises:
        ValueError: Naming a file that is no result.
    """
    return [_read(path) for path in sorted(folder.glob('*_rooms*_seed*.json'))]


def write_results(path: Path, results: Iterable[dict[str, Any]]) -> None:
    """One file of all results."""
    with atomic_write(path) as part:
        part.write_text(json.dumps(list(results), indent=1) + '\n')


@cache
def provenance() -> dict[str, str]:
    """Commit of the code, hash of the generator, machine and torch, as they were when first asked for.

    A checkout that moves on while a process measures is not what the process measures.
    """
    return dict(commit=_commit(), generator=generator_hash(), machine=_machine(), torch=torch.__version__)


def _commit() -> str:
    """The commit of the checkout, with a + for uncommitted changes; the version of an installed package."""
    git = ['git', '-C', str(PACKAGE.parent)]
    if not (PACKAGE.parent / '.git').exists():
        return swin3d_mmdet3d.__version__
    head = subprocess.run([*git, 'rev-parse', '--short=12', 'HEAD'], capture_output=True, text=True)
    if head.returncode:
        return swin3d_mmdet3d.__version__
    code = ('swin3d_mmdet3d', 'ops', 'configs')
    changed = subprocess.run(
        [*git, 'status', '--porcelain', '--', *code], capture_output=True, text=True, check=True
    )
    return head.stdout.strip() + ('+' if changed.stdout.strip() else '')


def _machine() -> str:
    """Processor and cores."""
    model = platform.processor() or platform.machine()
    info = Path('/proc/cpuinfo')
    if info.is_file():
        names = [line for line in info.read_text().splitlines() if line.startswith('model name')]
        model = names[0].partition(':')[2].strip() if names else model
    return f'{model}, {os.cpu_count()} cores'


def _read(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text())
        return {key: content[key] for key in ('method', 'seed', 'protocol', 'measures')}
    except (ValueError, KeyError, TypeError) as error:
        raise ValueError(f'{path} is no result of a method and seed: {error!r}') from error
