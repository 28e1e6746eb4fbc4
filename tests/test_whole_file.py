"""Files that appear whole or not at all."""

import os
from pathlib import Path

import pytest

from swin3d_mmdet3d.whole_file import sweep_parts, whole_file, whole_files


@pytest.fixture
def events(monkeypatch):
    """Syncs and renames, by name."""
    found, sync, rename = [], os.fsync, os.replace

    def record_sync(handle):
        found.append(('sync', Path(os.readlink(f'/proc/self/fd/{handle}')).name))
        sync(handle)

    def record_rename(source, target):
        found.append(('rename', Path(target).name))
        rename(source, target)

    monkeypatch.setattr(os, 'fsync', record_sync)
    monkeypatch.setattr(os, 'replace', record_rename)
    return found


def test_bytes_reach_the_disk_before_the_name_and_the_name_before_the_end(tmp_path, events):
    with whole_file(tmp_path / 'a.txt') as part:
        part.write_text('text')
    assert events == [('sync', part.name), ('rename', 'a.txt'), ('sync', tmp_path.name)]


def test_bytes_of_several_files_reach_the_disk_before_their_names(tmp_path, events):
    with whole_files(tmp_path, 'scan') as drafts:
        for name in ('a.txt', 'b.txt'):
            (drafts.folder / name).write_text(name)
    renames = [('rename', 'a.txt'), ('rename', 'b.txt')]
    assert events == [('sync', 'a.txt'), ('sync', 'b.txt'), *renames, ('sync', tmp_path.name)]


def test_only_parts_of_processes_that_are_gone_are_swept(tmp_path):
    gone = os.fork()
    if gone == 0:
        os._exit(0)
    os.waitpid(gone, 0)
    parts = [f'.a.b.{gone}.part.pth', f'.last.{gone}.part', f'.own.{os.getpid()}.part.pth']
    others = [f'.a.{os.getppid()}.part.pth', f'a.{gone}.part.pth', '.a.part.pth', f'.a.{gone}.parts', 'a.pth']
    for name in [*parts, *others]:
        (tmp_path / name).touch()
    assert sorted(path.name for path in sweep_parts(tmp_path)) == sorted(parts)
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(others)
