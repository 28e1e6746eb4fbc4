"""Compiled kernels come from the user's own whole files, in a folder that nobody else can write into."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import pytest
from swin3d_ops import compiled_files, cpu_library
from swin3d_ops.compiled_files import (
    UnsafeFolderError,
    contents,
    one_process_at_a_time,
    private_folder,
    process_folder,
    publish,
    work_folder,
)

pytestmark = pytest.mark.skipif(os.name != 'posix', reason='owners and modes are those of POSIX')
as_root = pytest.mark.skipif(os.geteuid() != 0, reason='only root gives files to others')
STRANGER = 12345
COMPILER = """#!/bin/sh
for argument; do last="$argument"; done
echo library > "$last"
"""


@pytest.fixture
def compiled(tmp_path):
    """A compiled file in its place."""
    (tmp_path / 'built').write_bytes(b'code')
    target = tmp_path / 'kernels.so'
    publish(tmp_path / 'built', target)
    return target


@pytest.fixture
def cache(monkeypatch, tmp_path):
    """An empty cache, a compiler, and a temporary folder of the test's own."""
    (tmp_path / 'compiler').write_text(COMPILER)
    (tmp_path / 'compiler').chmod(0o755)
    (tmp_path / 'temporary').mkdir()
    monkeypatch.setenv('CXX', str(tmp_path / 'compiler'))
    monkeypatch.setenv('SWIN3D_OPS_CACHE', str(tmp_path / 'cache'))
    monkeypatch.setattr(cpu_library, 'library_name', lambda: 'kernels_of_this_test.so')
    monkeypatch.setattr(tempfile, 'tempdir', str(tmp_path / 'temporary'))
    process_folder.cache_clear()
    yield tmp_path / 'cache'
    process_folder.cache_clear()


def mode(path):
    return stat.S_IMODE(path.stat().st_mode)


def test_a_cache_is_made_for_its_user_alone(tmp_path):
    before = os.umask(0)
    try:
        assert mode(private_folder(tmp_path / 'a' / 'b')) == 0o700
    finally:
        os.umask(before)


def test_a_cache_that_others_can_read_becomes_private(tmp_path):
    (tmp_path / 'a').mkdir(mode=0o755)
    assert mode(private_folder(tmp_path / 'a')) == 0o700


@pytest.mark.parametrize('bits', [0o775, 0o757, 0o777, 0o1777])
def test_a_cache_that_others_can_write_into_is_refused(tmp_path, bits):
    (tmp_path / 'a').mkdir()
    (tmp_path / 'a').chmod(bits)
    with pytest.raises(UnsafeFolderError, match='others can write into'):
        private_folder(tmp_path / 'a')
    assert mode(tmp_path / 'a') == bits


def test_a_cache_that_is_a_link_is_refused(tmp_path):
    (tmp_path / 'real').mkdir(mode=0o700)
    (tmp_path / 'a').symlink_to(tmp_path / 'real')
    with pytest.raises(UnsafeFolderError, match='is a link'):
        private_folder(tmp_path / 'a')


@as_root
def test_a_cache_of_another_user_is_refused(tmp_path):
    (tmp_path / 'a').mkdir(mode=0o700)
    os.chown(tmp_path / 'a', STRANGER, STRANGER)
    with pytest.raises(UnsafeFolderError, match='belongs to another user'):
        private_folder(tmp_path / 'a')


def test_kernels_of_a_refused_cache_are_compiled_for_the_process_alone(cache, caplog):
    cache.mkdir()
    cache.chmod(0o777)
    (cache / 'kernels_of_this_test.so').write_bytes(b'planted')
    path = cpu_library.find_or_compile()
    assert path.parent.parent == cache.parent / 'temporary' and mode(path.parent) == 0o700
    assert contents(path) == b'library\n' and (cache / 'kernels_of_this_test.so').read_bytes() == b'planted'
    assert cpu_library.find_or_compile() == path
    assert [record.message for record in caplog.records] == [
        f'others can write into {cache}: remove it, or chmod 700 if it is safe: CPU kernels are compiled for '
        'this process alone'
    ]


def test_the_folder_of_a_process_goes_with_it(tmp_path):
    done = subprocess.run(
        [sys.executable, '-S', '-c', 'import compiled_files; print(compiled_files.process_folder())'],
        env=dict(os.environ, TMPDIR=str(tmp_path), PYTHONPATH=str(Path(compiled_files.__file__).parent)),
        capture_output=True,
        text=True,
        check=True,
    )
    folder = Path(done.stdout.strip())
    assert folder.parent == tmp_path and not folder.exists()


def test_what_was_published_is_read_back(compiled):
    assert contents(compiled) == b'code' and mode(compiled) == 0o755


def as_link(path):
    path.rename(path.with_name('real'))
    path.symlink_to(path.with_name('real'))


def as_pipe(path):
    path.unlink()
    os.mkfifo(path)


def as_folder(path):
    path.unlink()
    path.mkdir()


FOREIGN = {
    'a link': as_link,
    'a pipe': as_pipe,
    'a folder': as_folder,
    'writable by a group': lambda path: path.chmod(0o775),
    'writable by all': lambda path: path.chmod(0o757),
    'without a seal': lambda path: path.write_bytes(b'code'),
    'changed': lambda path: path.write_bytes(b'C' + path.read_bytes()[1:]),
    'cut': lambda path: path.write_bytes(path.read_bytes()[:-1]),
    'empty': lambda path: path.write_bytes(b''),
}


@pytest.mark.parametrize('how', FOREIGN.values(), ids=FOREIGN)
def test_foreign_and_damaged_files_are_none(compiled, how):
    how(compiled)
    assert contents(compiled) is None


@as_root
def test_a_file_of_another_user_is_none(compiled):
    os.chown(compiled, STRANGER, STRANGER)
    assert contents(compiled) is None


@pytest.mark.parametrize('how', ['a link', 'a pipe', 'writable by all', 'without a seal', 'cut'])
def test_a_foreign_library_in_the_cache_is_compiled_anew(cache, how):
    path = cpu_library.find_or_compile()
    FOREIGN[how](path)
    assert cpu_library.find_or_compile() == path
    assert contents(path) == b'library\n' and not path.is_symlink()


def test_a_planted_link_empties_no_file(cache, tmp_path):
    """The lock once was a file of a known name in the shared temporary folder, opened for writing."""
    victim, temporary = tmp_path / 'victim', tmp_path / 'temporary'
    victim.write_text('precious')
    cpu_library.find_or_compile()
    assert not [*temporary.iterdir()]  # nothing lies in shared folders, whatever its name
    shutil.rmtree(cache)
    cache.mkdir(mode=0o700)
    (cache / 'kernels_of_this_test.so').symlink_to(victim)
    assert contents(cpu_library.find_or_compile()) == b'library\n'
    assert victim.read_text() == 'precious'


def test_a_lock_that_is_never_released_is_not_waited_for_for_ever(tmp_path, monkeypatch):
    monkeypatch.setattr(compiled_files, 'MAX_WAIT', 0.2)
    entered = []

    def enter():
        with one_process_at_a_time(tmp_path):
            entered.append(time.monotonic())

    with one_process_at_a_time(tmp_path):
        start = time.monotonic()
        thread = threading.Thread(target=enter, daemon=True)
        thread.start()
        thread.join(10)
    assert entered and entered[0] - start >= 0.2


def test_what_killed_compilations_left_is_swept_by_the_next(tmp_path):
    gone = os.fork()
    if gone == 0:
        os._exit(0)
    os.waitpid(gone, 0)
    names = {number: f'.compiling_{compiled_files._machine()}-{number}_x' for number in (gone, os.getppid())}
    for name in (*names.values(), f'.compiling_00000000-{gone}_x', '.compiling_old'):
        (tmp_path / name).mkdir()
        (tmp_path / name / 'half.o').touch()
    os.utime(tmp_path / '.compiling_old', (1, 1))
    with work_folder(tmp_path / 'kernels.so') as work:
        left = {path.name for path in tmp_path.iterdir()} - {work.name}
    assert left == {names[os.getppid()], f'.compiling_00000000-{gone}_x'}
    assert not work.exists()
