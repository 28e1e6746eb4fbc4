"""The compiler of mmcv's build: a header is compiled once, by the files' flags; all else stays."""

import shutil
import subprocess
import sys

import pytest

from build_backend.environment import mmcv_wheel, places

FLAGS = ['-O2', '-g0', '-fPIC', '-std=c++17', '-DNAME=_ext']
needs_gcc = pytest.mark.skipif(not shutil.which('g++'), reason='no g++')


@pytest.fixture
def compiler(tmp_path, monkeypatch):
    """The command that stands in for g++, and the folder where it keeps a small header's compiled form."""
    monkeypatch.setattr(places, 'venv_python', lambda: sys.executable)
    monkeypatch.setattr(mmcv_wheel, 'HEADER', '#pragma once\ninline int one() { return 1; }\n')
    (tmp_path / 'folder').mkdir()
    return str(mmcv_wheel.compiler_with_header(tmp_path / 'folder', ['g++']))


def compile_file(compiler, tmp_path, *flags, text='int two() { return one() + one(); }\n'):
    source = tmp_path / 'file.cpp'
    source.write_text(text)
    made = ['-MMD', '-MF', str(tmp_path / 'file.o.d'), '-o', str(tmp_path / 'file.o')]
    # as torch's build: the flag twice, the language's standard behind the file
    command = [compiler, '-c', '-c', *made, str(source), *flags]
    return subprocess.run(command, capture_output=True, text=True)


@needs_gcc
def test_the_header_is_compiled_once_and_taken_by_files_of_the_same_flags(compiler, tmp_path):
    first = compile_file(compiler, tmp_path, *FLAGS)
    compiled = tmp_path / 'folder' / 'header.h.gch'
    when = compiled.stat().st_mtime_ns
    second = compile_file(compiler, tmp_path, *FLAGS, '-H')
    assert first.returncode == second.returncode == 0
    assert compiled.stat().st_mtime_ns == when
    assert f'! {compiled}' in second.stderr and 'warning' not in second.stderr
    assert 'file.cpp' in (tmp_path / 'file.o.d').read_text() and (tmp_path / 'file.o').exists()


@needs_gcc
def test_a_header_that_does_not_fit_a_file_is_told_and_read_as_text(compiler, tmp_path):
    compile_file(compiler, tmp_path, *FLAGS)
    other = compile_file(compiler, tmp_path, '-O2', '-std=c++20')
    assert other.returncode == 0 and '-Winvalid-pch' in other.stderr


@needs_gcc
def test_while_the_header_is_compiled_files_do_without(compiler, tmp_path):
    (tmp_path / 'folder' / 'header.h.lock').touch()  # another process is at it
    text = 'int two() { return 2; }\n'
    assert compile_file(compiler, tmp_path, *FLAGS, text=text).returncode == 0
    assert not list((tmp_path / 'folder').glob('*.gch*'))


@needs_gcc
def test_a_header_that_cannot_be_compiled_costs_no_file(compiler, tmp_path):
    (tmp_path / 'folder' / 'header.h').write_text('#error no such torch\n')
    text = 'int two() { return 2; }\n'
    for _ in range(2):
        assert compile_file(compiler, tmp_path, *FLAGS, text=text).returncode == 0


@needs_gcc
def test_errors_of_files_and_other_calls_of_the_compiler_come_through(compiler, tmp_path):
    broken = compile_file(compiler, tmp_path, *FLAGS, text='int two( { }\n')
    assert broken.returncode and 'file.cpp:1' in broken.stderr
    version = subprocess.check_output([compiler, '-dumpversion'])
    assert version == subprocess.check_output(['g++', '-dumpversion'])
    compile_file(compiler, tmp_path, *FLAGS)
    linked = [compiler, '-shared', str(tmp_path / 'file.o'), '-o', str(tmp_path / 'file.so')]
    assert subprocess.call(linked) == 0 and (tmp_path / 'file.so').exists()
