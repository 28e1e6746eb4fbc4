"""What an inferencer takes: files, folders, arrays, dicts and scans, and lists of these."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Union

import numpy as np
import torch
from swin3d_ops.arguments import check_tensor

from ..preparation.own_scans import scan_files_in
from ..scan_files import Scan, read_scan, scan_of_arrays

Input = Union[str, os.PathLike, Scan, np.ndarray, torch.Tensor, Mapping[str, Any]]


@dataclass(frozen=True)
class ScanInput:
    """One scan, which is not read yet.

    Attributes:
        name: What messages and result files call it: the name of its file without ending, or its place.
        source: Its file, the scan itself, or its arrays by name.
    """

    name: str
    source: Path | Scan | Mapping[str, Any]

    @property
    def path(self) -> Path | None:
        """Its file; None for a scan in memory."""
        return self.source if isinstance(self.source, Path) else None

    def read(self, sample: int | None = None) -> Scan:
        """The scan in its own units and axes; `sample` points drawn on the surface of a mesh file.

        Raises:
            ValueError: Naming the scan, as the readers do.
        """
        if isinstance(self.source, Path):
            return read_scan(self.source, sample)
        if isinstance(self.source, Scan):
            return self.source
        try:
            return scan_of_arrays({name: _array(values) for name, values in self.source.items()})
        except ValueError as error:
            raise ValueError(f'{self.name}: {error}') from error


def scan_inputs(
    inputs: Input | list[Input] | tuple[Input, ...], leave_out: str | os.PathLike | None = None
) -> tuple[list[ScanInput], bool]:
    """The scans that a user names, in order.

    Args:
        inputs: A path of a scan or of a folder, whose scans are those of its subfolders too; a `Scan`; an
            array or tensor (P, 3) xyz, (P, 6) xyz rgb or (P, 9) xyz rgb normal; a dict with such an array or
            a path under `points`, as mmdet3d's inferencers take, or with arrays `xyz`, `color`, `normal`;
            or a list or tuple of these.

    Returns:
        The scans, and whether the input was a single one.

    Raises:
        TypeError: For an input of another kind.
        ValueError: For a folder without scans, an empty list, and several scans of one name.
    """
    if isinstance(inputs, (list, tuple)):
        found = [scan for number, item in enumerate(inputs) for scan in _scans(item, number, leave_out)]
        single = False
    else:
        found = _scans(inputs, 0, leave_out)
        single = not (isinstance(inputs, (str, os.PathLike)) and Path(inputs).is_dir())
    if not found:
        raise ValueError('inputs: expected at least one scan, got an empty list')
    names = [scan.name for scan in found]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ValueError(f'several scans are named {", ".join(twice)}: their results would have one name')
    return found, single


def _scans(item: Input, number: int, leave_out: str | os.PathLike | None) -> list[ScanInput]:
    """The scans of one item at place `number` of a list."""
    if isinstance(item, Mapping) and isinstance(item.get('points'), (str, os.PathLike)):
        item = item['points']
    if isinstance(item, (str, os.PathLike)):
        path = Path(item)
        files = (
            scan_files_in(path, None if leave_out is None else Path(leave_out)) if path.is_dir() else [path]
        )
        return [ScanInput(file.stem, file) for file in files]
    name = f'scan_{number:04d}'
    if isinstance(item, (Scan, Mapping)):
        return [ScanInput(name, item)]
    if isinstance(item, (np.ndarray, torch.Tensor)):
        return [ScanInput(name, dict(points=item))]
    raise TypeError(
        f'inputs: expected a path, a folder, an array (P, 3), (P, 6) or (P, 9), a dict with points, a Scan '
        f'or a list of these, got {type(item).__name__}'
    )


def _array(values: Any) -> np.ndarray:
    if not isinstance(values, torch.Tensor):
        return np.asarray(values)
    check_tensor('array', values)
    values = values.detach().cpu()
    return (values.float() if values.dtype == torch.bfloat16 else values).numpy()
