"""Submission files of the ScanNet benchmark: a zip of one text file a scan with one raw id a vertex.

Source: kaldir.vc.in.tum.de/scannet_benchmark/documentation, 3D semantic label; BenchmarkScripts/3d_evaluation
of github.com/ScanNet/ScanNet. ScanNet200 has the same format with its own ids.
"""

from __future__ import annotations

import os
import zipfile
import zlib
from collections.abc import Collection, Iterable, Mapping

import numpy as np

from ..atomic_write import atomic_write

MAX_LINE_BYTES = 16  # of an id and its line end


def scene_text(raw_ids: np.ndarray) -> str:
    """The text file of a scan: its ``(P,)`` raw ids, one a line, in the order of the mesh's vertices."""
    return '\n'.join(map(str, np.asarray(raw_ids).tolist())) + '\n'


def write_submission(path: str | os.PathLike, scenes: Iterable[tuple[str, str]]) -> None:
    """Write a submission; a failure leaves none.

    Args:
        path: The zip file.
        scenes: Name and text of each scan; see :func:`scene_text`.
    """
    with atomic_write(path) as part, zipfile.ZipFile(part, 'w', zipfile.ZIP_DEFLATED) as archive:
        for name, text in scenes:
            archive.writestr(f'{name}.txt', text)


def check_submission(
    path: str | os.PathLike, num_vertices: Mapping[str, int], legal_ids: Collection[int]
) -> list[str]:
    """Compare a submission with what the test server expects.

    Args:
        path: The zip file.
        num_vertices: Number of vertices of each scan of the test split.
        legal_ids: Ids that a line may hold.

    Returns:
        What is wrong, a sentence each, naming scan and line; empty for a submission that is right.

    Raises:
        ValueError: If the file is missing or no zip file.
    """
    try:
        archive = zipfile.ZipFile(path)
    except FileNotFoundError:
        raise ValueError(f'submission {path} is missing') from None
    except zipfile.BadZipFile as error:
        raise ValueError(f'submission {path} is not a zip file: {error}') from error
    with archive:
        entries = archive.namelist()
        expected = {f'{name}.txt': count for name, count in num_vertices.items()}
        problems = [f'{entry} occurs twice' for entry in sorted(set(entries)) if entries.count(entry) > 1]
        problems += [f'{entry} is missing' for entry in expected if entry not in entries]
        problems += [f'{entry} is no scan of the split' for entry in entries if entry not in expected]
        for entry in expected.keys() & set(entries):
            problem = _member_problem(archive, entry, expected[entry], legal_ids)
            if problem:
                problems.append(f'{entry} {problem}')
    return problems


def _member_problem(
    archive: zipfile.ZipFile, entry: str, count: int, legal_ids: Collection[int]
) -> str | None:
    size = archive.getinfo(entry).file_size
    if size > MAX_LINE_BYTES * count:
        return f'has {size} bytes, more than labels of {count} vertices'
    try:
        content = archive.read(entry)
    except (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, NotImplementedError) as error:
        return f'is damaged: {error}'
    return _scene_problem(content, count, legal_ids)


def _scene_problem(content: bytes, count: int, legal_ids: Collection[int]) -> str | None:
    """What is wrong with the text of one scan, or None."""
    lines = content.decode('ascii', errors='replace').splitlines()
    if len(lines) != count:
        return f'must have a line for each of {count} vertices, got {len(lines)}'
    legal = {str(number) for number in legal_ids}
    illegal = set(lines) - legal
    if not illegal:
        return None
    row = next(row for row, line in enumerate(lines) if line in illegal)
    return f'must hold legal ids alone, got {lines[row]!r} in line {row + 1}'
