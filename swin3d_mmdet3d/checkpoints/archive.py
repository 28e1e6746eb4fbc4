"""Zip archives as torch writes them: every byte as it was written, and no more than the file holds."""

from __future__ import annotations

import os
import zipfile
import zlib
from collections import Counter


def is_archive(path: str | os.PathLike) -> bool:
    """Whether a file begins as zip archives do, whole or not; not so what torch wrote before 1.6."""
    with open(path, 'rb') as file:
        return file.read(2) == b'PK'


def archive_damage(path: str | os.PathLike) -> str | None:
    """What is wrong with a checkpoint that is a zip archive, or None.

    torch itself does not compare the checksums of what it reads, unpacks members that it never packs, and of
    two members of one name takes another than other readers.

    Args:
        path: The file.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
            told = _told_sizes(members, os.path.getsize(path))
            bad = None if told else archive.testzip()
    except (
        OSError,
        EOFError,
        ValueError,
        RuntimeError,
        NotImplementedError,
        zipfile.BadZipFile,
        zlib.error,
    ) as error:
        return f'{type(error).__name__}: {error}'
    return told if bad is None else f'{bad} in it has another checksum than when it was written'


def _told_sizes(members: list[zipfile.ZipInfo], size: int) -> str | None:
    """What is wrong with the directory of an archive of this many bytes."""
    if any(member.compress_type != zipfile.ZIP_STORED for member in members):
        return 'its members are packed, which torch.save never does'
    total = sum(member.file_size for member in members)
    if total > size:
        return f'its members are {total} bytes, the file has {size}'
    twice = [name for name, count in Counter(member.filename for member in members).items() if count > 1]
    return f'it has two members {twice[0]}' if twice else None
