"""Memory errors and races on a GPU: what is made of compute-sanitizer's verdicts, of a stand-in here."""

from __future__ import annotations

import ctypes
import re
import sys

import pytest
import torch
from swin3d_ops import cuda_emulation
from swin3d_ops.cpu_library import KernelsUnavailableError


@pytest.fixture
def sanitizer(benchmarks):
    return benchmarks('gpu_sanitizer')


@pytest.mark.parametrize(
    'summary, status',
    [
        ('ERROR SUMMARY: 10 errors', 0),
        ('RACECHECK SUMMARY: 3 hazards displayed (0 errors, 3 warnings)', 0),
        ('ERROR SUMMARY: 0 errors', 1),
        ('Error: no kernel was run', 0),
    ],
)
def test_what_a_sanitizer_complains_of_is_a_failure(sanitizer, summary, status):
    with pytest.raises(AssertionError, match=f'status {status}'):
        sanitizer.verdict(f'========= COMPUTE-SANITIZER\n========= {summary}\n', status)


@pytest.mark.parametrize(
    'summary', ['ERROR SUMMARY: 0 errors', 'RACECHECK SUMMARY: 0 hazards displayed (0 errors, 0 warnings)']
)
def test_a_clean_sanitizer_passes(sanitizer, summary):
    assert sanitizer.verdict(f'========= {summary}\n', 0) == summary


TOOL = """#!{python}
import sys, time
from pathlib import Path
Path({record!r}).write_text('\\n'.join(sys.argv[1:]))
time.sleep({sleep})
print('not launched: knn_cells', {says!r}, sep='\\n')
"""


@pytest.fixture
def tool(tmp_path):
    """A stand-in for compute-sanitizer that says something after a while; `record` has its arguments."""

    def build(says, sleep=0.0):
        path = tmp_path / 'compute-sanitizer'
        path.write_text(
            TOOL.format(python=sys.executable, record=str(tmp_path / 'record'), says=says, sleep=sleep)
        )
        path.chmod(0o700)
        return str(path)

    return build


def test_a_sanitizer_watches_the_kernels_of_the_package_alone(sanitizer, tool, tmp_path):
    summary = 'RACECHECK SUMMARY: 0 hazards displayed (0 errors, 0 warnings)'
    said = sanitizer.require_clean(tool(f'========= {summary}'), 'racecheck', 'knn', 30)
    assert said == f'{summary}; not launched: knn_cells'
    arguments = (tmp_path / 'record').read_text().split('\n')
    watched = {a.removeprefix('kernel_name=') for a in arguments if a.startswith('kernel_name=')}
    assert watched == set(sanitizer.kernel_names()) >= {'attend_forward', 'knn_search', 'gather_max'}
    assert arguments[:2] == ['--tool', 'racecheck'] and arguments[-3:] == ['--unwatched', '--only', 'knn']


def test_kernels_are_found_in_their_sources_and_launched_by_the_package(sanitizer):
    folder = sanitizer.SOURCE_FOLDER
    text = ''.join(path.read_text() for path in folder.parent.rglob('*.py'))
    names = sanitizer.kernel_names()
    assert len(set(names)) == len(names) and not [name for name in names if f"'{name}'" not in text]
    sources = ''.join(path.read_text() for path in folder.glob('*.cuh'))
    macros = re.findall(r'(#define )?(SWIN3D_\w*KERNEL)\(', sources)
    assert len([define for define, _ in macros if not define]) == len(names)


def test_a_sanitizer_that_does_not_end_has_no_verdict(sanitizer, tool):
    with pytest.raises(AssertionError, match='no end within 1 s'):
        sanitizer.require_clean(tool('ERROR SUMMARY: 0 errors', sleep=60), 'memcheck', '', 1.0)


def test_a_sanitizer_must_find_the_fault_put_there_for_it(sanitizer, tool):
    found = sanitizer.require_found(tool('= ERROR SUMMARY: 2 errors'), 'memcheck', 'fault_past_the_end', 30)
    assert found == 'found: ERROR SUMMARY: 2 errors'
    for says in ('ERROR SUMMARY: 0 errors', 'Error: no kernel was run'):
        with pytest.raises(AssertionError, match='memcheck did not see fault_past_the_end'):
            sanitizer.require_found(tool(says), 'memcheck', 'fault_past_the_end', 30)


def test_the_fault_for_racecheck_is_a_race(sanitizer):
    source = str(sanitizer.FAULTY_SOURCE)
    results = []
    for backwards in (False, True):
        try:
            program = cuda_emulation.emulated_program(source, (), backwards)
        except KernelsUnavailableError as error:
            pytest.skip(str(error))
        target = torch.zeros(64, dtype=torch.int32)
        pointer, count = ctypes.c_void_p(target.data_ptr()), ctypes.c_int(64)
        program.launch('fault_race', (1, 1), 64, 256, pointer, count)
        results.append(target)
    assert not torch.equal(*results)
