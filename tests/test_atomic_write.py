"""Files and folders appear whole or not at all, and what killed processes left behind is swept."""

import multiprocessing
import os
import re
import time
from pathlib import Path

import pytest

from swin3d_mmdet3d.atomic_write import atomic_folder, atomic_write, atomic_writes, sweep_parts


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
    with atomic_write(tmp_path / 'a.txt') as part:
        part.write_text('text')
    assert events == [('sync', part.name), ('rename', 'a.txt'), ('sync', tmp_path.name)]


def test_bytes_of_several_files_reach_the_disk_before_their_names(tmp_path, events):
    with atomic_writes(tmp_path, 'scan') as pending:
        for name in ('a.txt', 'b.txt'):
            (pending.folder / name).write_text(name)
    renames = [('rename', 'a.txt'), ('rename', 'b.txt')]
    assert events == [('sync', 'a.txt'), ('sync', 'b.txt'), *renames, ('sync', tmp_path.name)]


def leave(folder, kind):
    """Writes half a result and dies."""
    if kind == 'file':
        with atomic_write(folder / 'a.bin') as part:
            part.write_bytes(b'half')
            os._exit(9)
    context = atomic_writes(folder, 'a') if kind == 'files' else atomic_folder(folder / 'a')
    with context as pending:
        (getattr(pending, 'folder', pending) / 'a.ply').write_bytes(b'half')
        os._exit(9)


def left_over(folder, kind):
    process = multiprocessing.get_context('fork').Process(target=leave, args=(folder, kind))
    process.start()
    process.join()
    (path,) = folder.iterdir()
    return path


def of_process(path, process):
    return path.rename(path.with_name(re.sub(r'-\d+\.part', f'-{process}.part', path.name)))


@pytest.mark.parametrize('kind', ['file', 'files', 'folder'])
def test_what_a_killed_process_left_is_swept(kind, tmp_path):
    assert '.part' in left_over(tmp_path, kind).name
    assert len(sweep_parts(tmp_path)) == 1
    assert not list(tmp_path.iterdir())


def test_what_had_the_number_of_the_caller_is_swept(tmp_path):
    own = of_process(left_over(tmp_path, 'file'), os.getpid())
    assert sweep_parts(tmp_path) == [own] and not own.exists()


@pytest.mark.parametrize('kind', ['file', 'files', 'folder'])
def test_what_a_live_process_writes_is_left_alone_until_it_is_a_day_old(kind, tmp_path):
    live = of_process(left_over(tmp_path, kind), os.getppid())
    sweep_parts(tmp_path)
    assert live.exists()
    os.utime(live, (time.time() - 90_000,) * 2)
    sweep_parts(tmp_path)
    assert not live.exists()


def test_what_another_machine_writes_is_left_alone(tmp_path):
    path = left_over(tmp_path, 'file')
    machine = re.search('[0-9a-f]{8}(?=-)', path.name)[0]
    other = path.rename(path.with_name(path.name.replace(machine, f'{int(machine, 16) ^ 1:08x}')))
    sweep_parts(tmp_path)
    assert other.exists()


def test_files_of_other_names_are_never_swept(tmp_path):
    part = '.a.00000000-1.part'
    others = (part[1:], part[:-1], part[2:], part.replace('.0', '.g'), part + 's')
    names = ('a.ply', '.part', '.a.1.part', *others)
    for name in names:
        (tmp_path / name).touch()
        os.utime(tmp_path / name, (0, 0))
    sweep_parts(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == set(names)


def test_a_link_is_removed_and_not_followed(tmp_path):
    (tmp_path / 'precious').mkdir()
    (tmp_path / 'precious' / 'a').touch()
    (tmp_path / 'out').mkdir()
    link = tmp_path / 'out' / '.a.00000000-1.part'
    link.symlink_to(tmp_path / 'precious')
    os.utime(link, (0, 0), follow_symlinks=False)
    sweep_parts(tmp_path / 'out')
    assert not link.is_symlink() and (tmp_path / 'precious' / 'a').exists()


def test_folders_that_are_not_there_are_nothing_to_sweep(tmp_path):
    assert sweep_parts(tmp_path / 'nowhere') == []


@pytest.mark.parametrize('name', ['a' * 251 + '.bin', 'ä' * 125 + '.bin', 'a.' + 'b' * 250])
def test_names_as_long_as_files_may_have_are_written(name, tmp_path):
    with atomic_write(tmp_path / name) as part:
        part.write_bytes(b'whole')
    assert (tmp_path / name).read_bytes() == b'whole'
    with atomic_writes(tmp_path / 'out', name) as pending:
        (pending.folder / name).write_bytes(b'whole')
    assert pending.written == list((tmp_path / 'out').iterdir()) == [tmp_path / 'out' / name]


@pytest.mark.parametrize('open_part', [lambda p: atomic_write(p / 'a.bin'), lambda p: atomic_writes(p, 'a')])
def test_a_block_that_raises_leaves_nothing(open_part, tmp_path):
    with pytest.raises(KeyboardInterrupt), open_part(tmp_path):
        raise KeyboardInterrupt
    assert not list(tmp_path.iterdir())


def test_a_folder_appears_whole(tmp_path):
    with atomic_folder(tmp_path / 'a') as part:
        (part / 'b').touch()
        assert not (tmp_path / 'a').exists()
    assert [path.name for path in (tmp_path / 'a').iterdir()] == ['b']
    with pytest.raises(ValueError), atomic_folder(tmp_path / 'c'):
        raise ValueError
    assert [path.name for path in tmp_path.iterdir()] == ['a']


@pytest.mark.parametrize('kind', ['file', 'files', 'folder'])
def test_the_first_write_into_a_folder_sweeps_it(kind, tmp_path):
    left = left_over(tmp_path, kind)
    assert left.exists()
    with atomic_write(tmp_path / 'b.txt') as part:
        part.write_text('text')
        with atomic_write(tmp_path / '..' / tmp_path.name / 'c.txt') as other:  # leaves the first one alone
            other.write_text('more')
        with atomic_writes(tmp_path, 'd') as pending:
            (pending.folder / 'd.txt').write_text('still more')
    assert sorted(path.name for path in tmp_path.iterdir()) == ['b.txt', 'c.txt', 'd.txt']
