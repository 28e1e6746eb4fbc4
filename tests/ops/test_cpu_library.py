"""Finding and compiling the CPU library: cache, races, damage, failures, instruction sets, self-check."""

from __future__ import annotations

import dataclasses
import importlib.util
import logging
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
import swin3d_ops
import torch
from swin3d_ops import compiled_files, cpu_library, cpu_runtime
from swin3d_ops import op as op_module
from swin3d_ops.op import declared

REASON = swin3d_ops.available_backends('window_attention')['cpu']
needs_kernels = pytest.mark.skipif(REASON is not None, reason=str(REASON))

FAKE_COMPILER = """#!/bin/sh
echo run >> "{log}"
for argument; do last="$argument"; done
echo library > "$last"
"""
COPYING_COMPILER = """#!/bin/sh
for argument; do last="$argument"; done
cp "{library}" "$last"
"""
SLOW_COMPILER = """#!/bin/sh
echo begin >> "{log}"
for argument; do last="$argument"; done
echo library > "$last"
sleep 0.05
echo end >> "{log}"
"""
FAILING_COMPILER = """#!/bin/sh
echo "attention.cpp:1: fatal error: no such header" >&2
exit 3
"""


def compiler(folder, text, library=''):
    path = folder / 'compiler'
    path.write_text(text.format(log=folder / 'log', library=library))
    path.chmod(0o755)
    return str(path)


@pytest.fixture
def empty_cache(monkeypatch, tmp_path):
    """No library beside the package, an empty cache."""
    monkeypatch.setenv('SWIN3D_OPS_CACHE', str(tmp_path / 'cache'))
    monkeypatch.setattr(cpu_library, 'library_name', lambda: 'kernels_of_this_test.so')
    return tmp_path


@pytest.fixture
def temporary(monkeypatch, tmp_path):
    """Where folders of the process are made."""
    folder = tmp_path / 'temporary'
    folder.mkdir()
    monkeypatch.setattr(tempfile, 'tempdir', str(folder))
    compiled_files.process_folder.cache_clear()
    yield folder
    compiled_files.process_folder.cache_clear()


def test_compiles_once_and_leaves_only_the_library(monkeypatch, empty_cache):
    monkeypatch.setenv('CXX', compiler(empty_cache, FAKE_COMPILER))
    first = cpu_library.find_or_compile()
    runs = (empty_cache / 'log').read_text()
    assert cpu_library.find_or_compile() == first
    assert (empty_cache / 'log').read_text() == runs
    assert [path.name for path in (empty_cache / 'cache').iterdir()] == ['kernels_of_this_test.so']


def test_failing_compiler_gives_its_complaint_and_no_file(monkeypatch, empty_cache):
    monkeypatch.setenv('CXX', compiler(empty_cache, FAILING_COMPILER))
    with pytest.raises(cpu_library.KernelsUnavailableError, match='status 3.*no such header'):
        cpu_library.find_or_compile()
    assert list((empty_cache / 'cache').iterdir()) == []


def test_no_compiler_is_said(monkeypatch, empty_cache):
    monkeypatch.delenv('CXX', raising=False)
    monkeypatch.setenv('PATH', str(empty_cache))
    with pytest.raises(cpu_library.KernelsUnavailableError, match='no C.. compiler was found'):
        cpu_library.find_or_compile()


def test_unwritable_cache_falls_back_to_a_private_folder(monkeypatch, empty_cache, temporary):
    (empty_cache / 'cache').write_text('a file where the folder should be')
    monkeypatch.setenv('CXX', compiler(empty_cache, FAKE_COMPILER))
    path = cpu_library.find_or_compile()
    assert path.parent.parent == temporary and path.exists() and (empty_cache / 'cache').is_file()


def cut(size):
    def damage(path):
        path.write_bytes(path.read_bytes()[:size])

    return damage


def flip_a_bit(path):
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


DAMAGES = {'empty': cut(0), 'cut': cut(10), 'short': cut(-1), 'bit': flip_a_bit}


@pytest.mark.parametrize('damage', DAMAGES.values(), ids=DAMAGES)
def test_a_damaged_library_is_compiled_anew_with_one_warning(monkeypatch, empty_cache, caplog, damage):
    monkeypatch.setenv('CXX', compiler(empty_cache, FAKE_COMPILER))
    path = cpu_library.find_or_compile()
    whole = path.read_bytes()
    damage(path)
    with caplog.at_level(logging.WARNING, logger='swin3d_ops'):
        assert [cpu_library.find_or_compile() for _ in range(2)] == [path, path]
    assert path.read_bytes() == whole
    (record,) = caplog.records
    assert record.message == f'{path} is damaged or not yours and is compiled anew'


def test_a_damaged_library_without_a_compiler_is_said(monkeypatch, empty_cache):
    monkeypatch.setenv('CXX', compiler(empty_cache, FAKE_COMPILER))
    cut(10)(cpu_library.find_or_compile())
    monkeypatch.delenv('CXX')
    monkeypatch.setenv('PATH', str(empty_cache))
    with pytest.raises(
        cpu_library.KernelsUnavailableError, match='is damaged or not yours and no C.. compiler was found'
    ):
        cpu_library.find_or_compile()


def test_a_damaged_library_of_the_installer_gives_way_to_the_cache(monkeypatch, empty_cache, caplog):
    monkeypatch.setenv('CXX', compiler(empty_cache, FAKE_COMPILER))
    monkeypatch.setattr(cpu_library, 'SOURCE_FOLDER', empty_cache / 'package' / 'csrc')
    (empty_cache / 'package' / 'csrc').mkdir(parents=True)
    (empty_cache / 'package' / 'csrc' / 'kernels.cpp').touch()
    installed = cpu_library.compile_into(empty_cache / 'package')
    assert cpu_library.find_or_compile() == installed
    cut(10)(installed)
    with caplog.at_level(logging.WARNING, logger='swin3d_ops'):
        assert cpu_library.find_or_compile().parent == empty_cache / 'cache'
    assert [record.message for record in caplog.records] == [f'{installed} is damaged and not used']


@needs_kernels
def test_a_library_compiled_anew_loads(monkeypatch, empty_cache):
    """Cut in the middle, the file itself would end the process that loads it by SIGBUS."""
    shutil.copy(cpu_runtime.library().path, empty_cache / 'good.so')
    monkeypatch.setenv('CXX', compiler(empty_cache, COPYING_COMPILER, empty_cache / 'good.so'))
    path = cpu_library.find_or_compile()
    cut(400_000)(path)
    assert cpu_library.CpuLibrary(cpu_library.find_or_compile()).isa == cpu_runtime.library().isa


def test_no_more_compilers_run_at_once_than_cores_may_be_used(monkeypatch, empty_cache):
    monkeypatch.setenv('CXX', compiler(empty_cache, SLOW_COMPILER))
    monkeypatch.setattr(cpu_library, '_usable_cores', lambda: 2)
    cpu_library.find_or_compile()
    running = most = 0
    for line in (empty_cache / 'log').read_text().split():
        running += 1 if line == 'begin' else -1
        most = max(most, running)
    assert most == 2 and running == 0


def compile_in_a_process(folder):
    script = (
        'import importlib.util, sys\n'
        f'spec = importlib.util.spec_from_file_location("cpu_library", {cpu_library.__file__!r})\n'
        'module = importlib.util.module_from_spec(spec)\n'
        'spec.loader.exec_module(module)\n'
        f'print(module.compile_into({str(folder)!r}))\n'
    )
    return subprocess.Popen([sys.executable, '-S', '-c', script], stdout=subprocess.PIPE)


def test_of_racing_processes_one_compiles_for_all(monkeypatch, empty_cache):
    monkeypatch.setenv('CXX', compiler(empty_cache, FAKE_COMPILER))
    cpu_library.compile_into(empty_cache / 'alone')
    runs = (empty_cache / 'log').read_text()
    (empty_cache / 'log').unlink()
    racing = [compile_in_a_process(empty_cache / 'shared') for _ in range(4)]
    paths = {process.communicate(timeout=60)[0] for process in racing}
    assert len(paths) == 1 and all(process.returncode == 0 for process in racing)
    assert len(list((empty_cache / 'shared').iterdir())) == 1
    assert (empty_cache / 'log').read_text() == runs


def test_a_compilation_elsewhere_is_not_waited_for(monkeypatch, empty_cache):
    monkeypatch.setenv('CXX', compiler(empty_cache, FAKE_COMPILER))
    (empty_cache / 'elsewhere').mkdir()
    with compiled_files.one_process_at_a_time(empty_cache / 'elsewhere'):
        process = compile_in_a_process(empty_cache / 'here')
        try:
            path = process.communicate(timeout=60)[0].decode().strip()
        finally:
            process.kill()
    assert Path(path).parent == empty_cache / 'here'


def test_library_file_runs_without_the_package():
    spec = importlib.util.spec_from_file_location('alone', cpu_library.__file__)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    assert module.library_name() == cpu_library.library_name()
    assert 'torch' not in Path(cpu_library.__file__).read_text().replace('no torch', '')


def test_changed_flags_change_the_name(monkeypatch):
    before = cpu_library.library_name()
    monkeypatch.setattr(cpu_library, 'FLAGS', ('-O0',))
    assert cpu_library.library_name() != before


def test_file_that_is_no_library_is_refused(tmp_path):
    (tmp_path / 'broken.so').write_text('not a library')
    with pytest.raises(cpu_library.KernelsUnavailableError, match='cannot be loaded'):
        cpu_library.CpuLibrary(tmp_path / 'broken.so')


@needs_kernels
def test_unknown_instruction_set_is_refused(monkeypatch):
    monkeypatch.setenv('SWIN3D_OPS_ISA', 'avx1024')
    with pytest.raises(cpu_library.KernelsUnavailableError, match="SWIN3D_OPS_ISA .* got 'avx1024'"):
        cpu_library.CpuLibrary(cpu_library.find_or_compile())


@needs_kernels
def test_portable_build_agrees_with_the_reference(monkeypatch, attention):
    portable = cpu_library.CpuLibrary(cpu_library.find_or_compile(), isa='portable')
    monkeypatch.setattr(cpu_runtime, 'library', lambda: portable)
    problem = attention(150, 6, 8, dtype=torch.float32)
    expected = problem.run_with_gradients('reference', torch.float64)
    for got, truth in zip(problem.run_with_gradients('cpu'), expected):
        assert (got - truth).abs().max() <= 5e-6 * truth.abs().max()


@needs_kernels
def test_kernel_that_fails_its_self_check_is_not_trusted(monkeypatch):
    op = declared()['gather_max']
    wrong = dataclasses.replace(op.implementations['cpu'], run=lambda feats, index: feats[index[:, 0]])
    op_module.forget()
    monkeypatch.setitem(op.implementations, 'cpu', wrong)
    try:
        assert 'self-check differs' in swin3d_ops.available_backends('gather_max')['cpu']
        monkeypatch.delenv('SWIN3D_OPS', raising=False)
        assert op.choose('cpu', 'auto') == 'torch'
    finally:
        op_module.forget()


def test_status_report_names_every_op():
    root = str(Path(swin3d_ops.__file__).parents[1])
    report = subprocess.run(
        [sys.executable, '-m', 'swin3d_ops'], cwd=root, capture_output=True, text=True, check=True
    ).stdout
    for name, op in declared().items():
        (part,) = re.findall(rf'^{name} on cpu runs on back-end .*\n((?: +.*\n)+)', report, re.MULTILINE)
        assert [line.split()[0] for line in part.splitlines()] == list(op.implementations)
