"""Compiling the CUDA kernels without a GPU: architectures, registers, cache, races, missing compilers."""

from __future__ import annotations

import logging
import re
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from swin3d_ops import cuda_compiler
from swin3d_ops.compiled_files import contents, process_folder
from swin3d_ops.cpu_library import SOURCE_FOLDER, KernelsUnavailableError
from swin3d_ops.window_attention import cuda_shapes

try:
    COMPILER = cuda_compiler.find_compiler()
    REASON = ''
except KernelsUnavailableError as error:
    COMPILER, REASON = None, str(error)
needs_compiler = pytest.mark.skipif(COMPILER is None, reason=REASON)


def attention(element, width, axes, kernel):
    shape = cuda_shapes.shapes_for(cuda_shapes.PASSES[kernel], 2, width)[0]
    return (
        ('SWIN3D_ELEMENT', element), ('SWIN3D_REAL', 'float'), ('SWIN3D_SIGNAL', 'float'),
        ('SWIN3D_WIDTH', width), ('SWIN3D_AXES', axes), ('SWIN3D_LANES', shape.lanes),
        ('SWIN3D_GROUPS', shape.groups), ('SWIN3D_HEADS', shape.heads), ('SWIN3D_BLOCKS', shape.blocks),
        ('SWIN3D_PASS', kernel),
    )  # fmt: skip


WINDOWS = attention('float', 4, 6, 0)
KNN = (('SWIN3D_REAL', 'float'), ('SWIN3D_NEIGHBOURS', 16))
NEIGHBORS = (('SWIN3D_COORD', 'int64'),)
REPRESENTATIVES = (('SWIN3D_REAL', 'float'), ('SWIN3D_COLUMNS', 6))
RESAMPLE = (('SWIN3D_ELEMENT', 'f16'), ('SWIN3D_RESULT', 'float'), ('SWIN3D_REAL', 'float'))


def convolution(element, real, depth, wide, matrix):
    return (
        ('SWIN3D_ELEMENT', element), ('SWIN3D_REAL', real), ('SWIN3D_DEPTH', depth),
        ('SWIN3D_WIDE', wide), ('SWIN3D_MATRIX', matrix),
    )  # fmt: skip


FAST = [
    ('window_attention.cuh', attention('float', 8, 6, 0), 80),
    ('window_attention.cuh', attention('float', 8, 6, 2), 90),
    ('window_attention.cuh', attention('f16', 16, 9, 1), 100),
    ('window_items.cuh', WINDOWS, 90),
    ('knn.cuh', KNN, 90),
    ('resample.cuh', RESAMPLE, 90),
    ('neighbors.cuh', NEIGHBORS, 90),
    ('representatives.cuh', REPRESENTATIVES, 90),
    ('sparse_conv.cuh', convolution('float', 'float', 48, 6, 0), 90),
    ('sparse_conv.cuh', convolution('bf16', 'float', 48, 6, 1), 80),
]
ALL = [
    (source, definitions, architecture)
    for architecture in (70, 75, 80, 86, 90, 100, 120)
    for source, definitions in (
        *(('window_attention.cuh', attention('float', 8, 9, kernel)) for kernel in range(3)),
        *(('window_attention.cuh', attention('bf16', 16, 6, kernel)) for kernel in range(3)),
        ('window_items.cuh', WINDOWS),
        ('knn.cuh', KNN),
        ('resample.cuh', RESAMPLE),
        ('neighbors.cuh', NEIGHBORS),
        ('representatives.cuh', REPRESENTATIVES),
        ('representatives.cuh', (('SWIN3D_REAL', 'double'), ('SWIN3D_COLUMNS', 9))),
        ('sparse_conv.cuh', convolution('float', 'float', 32, 8, 0)),
        ('sparse_conv.cuh', convolution('bf16', 'float', 16, 6, int(architecture >= 80))),
        ('sparse_conv.cuh', convolution('double', 'double', 32, 4, 0)),
    )
]


def resources(source, definitions, architecture, work):
    """Return kernel -> (registers, bytes of spilled stores and loads), as the assembler reports them."""
    if architecture not in COMPILER.architectures():
        pytest.skip(f'{COMPILER.name} does not compile for sm_{architecture}')
    options = [*cuda_compiler.compile_options(source, definitions), '--ptxas-options=-v']
    cubin, report = COMPILER.compile(SOURCE_FOLDER / source, options, architecture, work)
    assert cubin.startswith(b'\x7fELF')
    # what one compiler warns of, another one refuses; of old architectures NVRTC warns by its own name
    assert not re.search(r'^(?!nvrtc: ).*warning', report, re.M), report
    kernels = {}
    for part in report.split('Compiling entry function')[1:]:
        spills = sum(map(int, re.findall(r'(\d+) bytes spill', part)))
        kernels[re.search(r"'(\w+)'", part).group(1)] = (
            int(re.search(r'Used (\d+) registers', part).group(1)),
            spills,
        )
    return kernels


@needs_compiler
@pytest.mark.parametrize(
    'source, definitions, architecture',
    [*FAST, *(pytest.param(*case, marks=pytest.mark.slow) for case in ALL)],
)
def test_kernels_fit_the_registers(source, definitions, architecture, tmp_path):
    kernels = resources(source, definitions, architecture, tmp_path)
    declared = set(re.findall(r'SWIN3D_(?:SHARED_)?KERNEL\((\w+),', (SOURCE_FOLDER / source).read_text()))
    if source == 'window_attention.cuh':
        declared = {cuda_shapes.PASSES[dict(definitions)['SWIN3D_PASS']]}
    assert declared <= set(kernels)
    for name, (registers, spilled) in kernels.items():
        # 512 threads of attention fill a multiprocessor; some bytes may be spilled, more without tensor cores
        most = (128, 200 if architecture >= 80 else 512) if name.startswith('attend') else (160, 0)
        assert registers <= most[0] and spilled <= most[1], name


@needs_compiler
@pytest.mark.parametrize('kernel', range(3), ids=cuda_shapes.PASSES)
def test_attention_in_float64_compiles(kernel, tmp_path):
    definitions = [*dict(attention('double', 16, 6, kernel), SWIN3D_REAL='double').items()]
    assert cuda_shapes.PASSES[kernel] in resources('window_attention.cuh', definitions, 90, tmp_path)


@needs_compiler
def test_neighbour_list_is_kept_in_registers(tmp_path):
    options = [*cuda_compiler.compile_options('knn.cuh', KNN), '--ptxas-options=-v']
    _, report = COMPILER.compile(SOURCE_FOLDER / 'knn.cuh', options, 90, tmp_path)
    assert set(re.findall(r'(\d+) bytes stack frame', report)) == {'0'}


@pytest.fixture
def cache(monkeypatch, tmp_path):
    monkeypatch.setenv('SWIN3D_OPS_CACHE', str(tmp_path / 'cache'))
    return tmp_path / 'cache'


class FakeCompiler:
    """Counts its calls."""

    name, calls = 'fake 1.0', 0

    def architectures(self):
        return [75, 90]

    def compile(self, source, options, architecture, work):
        self.calls += 1
        return b'cubin', ''


@pytest.fixture
def fake(monkeypatch):
    compiler = FakeCompiler()
    monkeypatch.setattr(cuda_compiler, 'find_compiler', lambda: compiler)
    return compiler


def test_compiles_once_and_leaves_only_the_cubin(cache, fake):
    first = cuda_compiler.cubin('knn.cuh', KNN, 90)
    assert cuda_compiler.cubin('knn.cuh', KNN, 90) == first
    assert fake.calls == 1
    assert list(cache.iterdir()) == [first] and contents(first) == b'cubin'


@pytest.mark.parametrize('size', [0, 3, -1])
def test_a_damaged_cubin_is_compiled_anew_with_one_warning(cache, fake, caplog, size):
    path = cuda_compiler.cubin('knn.cuh', KNN, 90)
    path.write_bytes(path.read_bytes()[:size])
    with caplog.at_level(logging.WARNING, logger='swin3d_ops'):
        assert [cuda_compiler.cubin('knn.cuh', KNN, 90) for _ in range(2)] == [path, path]
    assert contents(path) == b'cubin' and fake.calls == 2
    assert [record.message for record in caplog.records] == [
        f'{path} is damaged or not yours and is compiled anew'
    ]


def test_name_depends_on_definitions_architecture_and_compiler(cache, fake):
    names = {cuda_compiler.cubin('knn.cuh', KNN, 90).name, cuda_compiler.cubin('knn.cuh', KNN, 75).name}
    names.add(cuda_compiler.cubin('knn.cuh', KNN[:1], 90).name)
    fake.name = 'fake 1.1'
    names.add(cuda_compiler.cubin('knn.cuh', KNN, 90).name)
    assert len(names) == fake.calls == 4


def test_name_depends_on_every_source(cache, fake, monkeypatch, tmp_path):
    before = cuda_compiler.cubin('knn.cuh', KNN, 90).name
    (tmp_path / 'csrc').mkdir()
    for path in SOURCE_FOLDER.glob('*.cuh'):
        text = path.read_text() + ('// changed\n' if path.name == 'block_language.cuh' else '')
        (tmp_path / 'csrc' / path.name).write_text(text)
    monkeypatch.setattr(cuda_compiler, 'SOURCE_FOLDER', tmp_path / 'csrc')
    assert cuda_compiler.cubin('knn.cuh', KNN, 90).name != before


def test_unwritable_cache_falls_back_to_a_private_folder(cache, fake, monkeypatch, tmp_path):
    cache.write_text('a file where the folder should be')
    process_folder.cache_clear()
    monkeypatch.setattr(tempfile, 'tempdir', str(tmp_path))
    path = cuda_compiler.cubin('knn.cuh', KNN, 90)
    assert contents(path) == b'cubin' and cache.is_file()
    process_folder.cache_clear()


def test_unknown_architecture_is_named(cache, fake):
    with pytest.raises(KernelsUnavailableError, match='compute capability 7.5 to 9.0, not for 6.1'):
        cuda_compiler.cubin('knn.cuh', KNN, 61)


def test_later_revision_of_a_known_architecture_takes_its_kernels(cache, fake):
    assert cuda_compiler.cubin('knn.cuh', KNN, 96) == cuda_compiler.cubin('knn.cuh', KNN, 90)


RACER = """
import sys, types
package = types.ModuleType('swin3d_ops')  # without its __init__, which imports torch
package.__path__ = [sys.argv[1]]
sys.modules['swin3d_ops'] = package
from swin3d_ops import cuda_compiler
print(cuda_compiler.cubin('knn.cuh', (('SWIN3D_REAL', 'float'), ('SWIN3D_NEIGHBOURS', 16)), 90))
"""


@needs_compiler
def test_racing_processes_all_get_the_same_cubin(cache):
    command = [sys.executable, '-c', RACER, str(SOURCE_FOLDER.parent)]
    racing = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(3)]
    paths = {process.communicate(timeout=120)[0].strip() for process in racing}
    assert len(paths) == 1
    assert [str(path) for path in cache.iterdir()] == list(paths)


@needs_compiler
def test_failing_compilation_gives_its_complaint(tmp_path):
    with pytest.raises(KernelsUnavailableError, match='failed: .*error'):
        options = cuda_compiler.compile_options('knn.cuh', (('SWIN3D_REAL', 'quaternion'),))
        COMPILER.compile(SOURCE_FOLDER / 'knn.cuh', options, 90, tmp_path)


@pytest.fixture
def search(monkeypatch):
    """Look for compilers afresh, in the folders and programs that the test names."""

    def use(folders=(), programs=()):
        monkeypatch.setattr(cuda_compiler, 'library_folders', lambda: list(folders))
        monkeypatch.setattr(cuda_compiler, '_programs', lambda: list(programs))
        cuda_compiler.find_compiler.cache_clear()
        return cuda_compiler.find_compiler

    yield use
    cuda_compiler.find_compiler.cache_clear()


def test_hidden_compilers_are_said(search, tmp_path):
    with pytest.raises(KernelsUnavailableError, match='no NVRTC in 1 folders .* and no nvcc: pip install'):
        search([tmp_path])()


def test_file_that_is_no_library_is_named(search, tmp_path):
    (tmp_path / 'libnvrtc.so.12').write_text('not a library')
    with pytest.raises(KernelsUnavailableError, match='libnvrtc.so.12 cannot be loaded'):
        search([tmp_path])()


FAKE_NVCC = """#!/bin/sh
case "$1" in
    --version) echo "Cuda compilation tools, release 13.0, V13.0.88";;
    --list-gpu-arch) printf 'compute_75\\ncompute_90\\n';;
    *) for argument; do last="$argument"; done; echo made > "$last";;
esac
"""


def test_nvcc_serves_where_there_is_no_nvrtc(search, cache, tmp_path):
    program = tmp_path / 'nvcc'
    program.write_text(FAKE_NVCC)
    program.chmod(0o755)
    compiler = search([], [str(program)])()
    assert compiler.name == 'nvcc 13.0.88' and compiler.architectures() == [75, 90]
    assert contents(cuda_compiler.cubin('knn.cuh', KNN, 90)) == b'made\n'


def test_broken_nvcc_is_said(search, tmp_path):
    program = tmp_path / 'nvcc'
    program.write_text('#!/bin/sh\necho "fatal error: no licence" >&2\nexit 1\n')
    program.chmod(0o755)
    with pytest.raises(KernelsUnavailableError, match='no licence'):
        search([], [str(program)])()


def test_sources_include_nothing_that_nvrtc_lacks():
    for path in Path(SOURCE_FOLDER).glob('*.cuh'):
        text = path.read_text()
        if path.name == 'block_language.cuh':
            text = text.split('#else')[0]
        assert re.findall(r'#include <', text) == [], path.name
