"""One's own scans in a folder: which files they are, what lies beside them, and how they are split."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from ..scan_files import READERS
from .preparation_run import RawScene

SPLITS = ('train', 'val', 'test')
LIST_FOLDERS = ('.', 'splits', 'ImageSets')
CLASS_FILES = ('classes.json', 'classes.txt')
SIDE_FOLDERS = ('labels', 'boxes')
BOX_ENDINGS = (
    '.boxes.json',
    '_boxes.json',
    '_bbox.json',
    '.json',
    '.boxes.txt',
    '_boxes.txt',
    '_bbox.txt',
    '.txt',
)
LABEL_ENDINGS = (
    '.label',
    '.labels.npy',
    '_labels.npy',
    '_label.npy',
    '.labels.txt',
    '_labels.txt',
    '_label.txt',
    '.txt',
)
# A file of these that is named like a scan of another ending belongs to that scan.
TABLES = ('.txt', '.npy', '.csv')
BOX_FIELDS = 7  # of a line x y z dx dy dz class


def find_own_scans(folder: Path, shares: Sequence[float], seed: int) -> list[RawScene]:
    """The scans of a folder with their splits, in the order of their names.

    Splits are those of lists of names (`train.txt`, `val.txt`, `test.txt`, also in `splits` or `ImageSets`),
    else of folders of these names, else drawn by `shares`. Scans that no list names are left out.

    Args:
        folder: Searched with its subfolders for files that can be read as scans.
        shares: Of `val` and `test` among all scans, where the splits are drawn.
        seed: Of the draw.

    Raises:
        ValueError: There is no scan, two have one name, a list names a scan that is not there, or a draw
            leaves no scan to train or to validate on.
    """
    by_name = {path.stem: path for path in scan_files_in(folder)}
    split_of = (
        _listed(folder, by_name) or _in_folders(folder, by_name) or _drawn(sorted(by_name), shares, seed)
    )
    return [RawScene(name, split_of[name], by_name[name]) for name in sorted(split_of)]


def scan_files_in(folder: Path, leave_out: Path | None = None) -> list[Path]:
    """The scans of a folder and its subfolders, in the order of their paths.

    Hidden files and folders, lists of scans, files of labels or boxes beside a scan, and the folder
    `leave_out` are left out.

    Raises:
        ValueError: There is no folder or no scan, or two scans have one name.
    """
    if not folder.is_dir():
        raise ValueError(f'scans: expected a folder, got {folder}')
    found = (path for path in sorted(folder.rglob('*')) if path.suffix.lower() in READERS and path.is_file())
    files = [path for path in found if not any(part[0] == '.' for part in path.relative_to(folder).parts)]
    if leave_out is not None:
        files = [path for path in files if leave_out.resolve() not in path.resolve().parents]
    stems = {path.stem for path in files if path.suffix.lower() not in TABLES}
    scans = [path for path in files if not _is_beside(path, stems)]
    if not scans:
        raise ValueError(f'scans: no file in {folder} ends in one of {", ".join(READERS)}')
    twice = [stem for stem, count in Counter(path.stem for path in scans).items() if count > 1]
    if twice:
        raise ValueError(f'scans: expected different names, got several files for {", ".join(twice)}')
    return scans


def find_class_file(folder: Path) -> Path | None:
    """The file `classes.json` or `classes.txt` of a folder of scans; None where there is none."""
    return next((folder / name for name in CLASS_FILES if (folder / name).is_file()), None)


def find_box_file(scan: Path) -> Path | None:
    """The file of boxes of a scan: beside it or in a folder `boxes` or `labels` beside its own."""
    for path in _candidates(scan, BOX_ENDINGS):
        if path.name != f'{scan.stem}.txt' or _fields(path) >= BOX_FIELDS:
            return path
    return None


def find_label_file(scan: Path) -> Path | None:
    """The file of point labels of a scan: beside it or in a folder `labels` beside its own."""
    for path in _candidates(scan, LABEL_ENDINGS):
        if path.name != f'{scan.stem}.txt' or _fields(path) == 1:
            return path
    return None


def _candidates(scan: Path, endings: Sequence[str]) -> list[Path]:
    folders = [scan.parent, *(scan.parent.parent / name for name in SIDE_FOLDERS)]
    folders += [scan.parent / name for name in SIDE_FOLDERS]
    paths = (folder / f'{scan.stem}{ending}' for folder in folders for ending in endings)
    return [path for path in paths if path.is_file() and path != scan]


def _is_beside(path: Path, stems: set[str]) -> bool:
    """Whether a file that ends like a scan is a list, a table of classes, or belongs to a scan."""
    if path.stem in SPLITS or path.name in CLASS_FILES or path.parent.name in SIDE_FOLDERS:
        return True
    endings = [ending for ending in (*BOX_ENDINGS, *LABEL_ENDINGS) if ending != path.suffix]
    if any(path.name.endswith(ending) for ending in endings):
        return True
    return path.suffix.lower() in TABLES and path.stem in stems


def _fields(path: Path) -> int:
    """Fields of the first line that has any."""
    with path.open(encoding='utf-8-sig', errors='replace') as lines:
        for line in lines:
            fields = line.partition('#')[0].replace(',', ' ').split()
            if fields:
                return len(fields)
    return 0


def _listed(folder: Path, by_name: dict[str, Path]) -> dict[str, str]:
    split_of: dict[str, str] = {}
    for split in SPLITS:
        for place in LIST_FOLDERS:
            path = folder / place / f'{split}.txt'
            if not path.is_file():
                continue
            names = [Path(line.strip()).name for line in path.read_text(encoding='utf-8-sig').splitlines()]
            names = [name if name in by_name else Path(name).stem for name in names if name]
            strange = [name for name in names if name not in by_name]
            if strange:
                raise ValueError(
                    f'list {path}: names scans that are not in {folder}: {", ".join(strange[:8])}'
                )
            twice = sorted(name for name in set(names) if split_of.get(name, split) != split)
            if twice:
                raise ValueError(
                    f'list {path}: names scans of split {split_of[twice[0]]}: {", ".join(twice[:8])}'
                )
            split_of.update(dict.fromkeys(names, split))
    return split_of


def _in_folders(folder: Path, by_name: dict[str, Path]) -> dict[str, str]:
    tops = {name: path.relative_to(folder).parts[0] for name, path in by_name.items()}
    split_of = {name: top for name, top in tops.items() if top in SPLITS}
    return split_of if {'train', 'val'} <= set(split_of.values()) else {}


def _drawn(names: list[str], shares: Sequence[float], seed: int) -> dict[str, str]:
    if min(shares) < 0 or sum(shares) >= 1:
        raise ValueError(
            f'val_share, test_share: expected shares from 0 that leave scans to train, got {shares}'
        )
    counts = [max(round(share * len(names)), int(share > 0)) for share in shares]
    if sum(counts) >= len(names) or not counts[0]:
        raise ValueError(
            f'scans: expected at least one to train and one to validate on, got {len(names)} scans, of which '
            f'{counts[0]} for val and {counts[1]} for test; name them in train.txt and val.txt'
        )
    order = np.random.default_rng(seed).permutation(len(names))
    splits = ['val'] * counts[0] + ['test'] * counts[1] + ['train'] * (len(names) - sum(counts))
    return {names[row]: split for row, split in zip(order, splits)}
