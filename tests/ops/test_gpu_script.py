"""The GPU script, as far as a machine without a GPU allows: its book, its judgements, a dry run of all."""

from __future__ import annotations

import ctypes
import functools
import importlib
import json
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch
from swin3d_ops import WindowIndex, cuda_emulation
from swin3d_ops.cpu_library import KernelsUnavailableError

BENCHMARKS = Path(__file__).parents[2] / 'ops' / 'benchmarks'
CPU = torch.device('cpu')


@pytest.fixture
def module(monkeypatch):
    """Import a module of the benchmarks."""
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    return importlib.import_module


@pytest.fixture
def report(module, tmp_path):
    return module('gpu_report').Report(tmp_path, 60)


def stored(folder):
    return json.loads((folder / 'results.json').read_text())['sections']


def test_a_section_that_fails_is_written_down_and_the_next_one_runs(report, tmp_path):
    def fails():
        report.row(size=1)
        raise RuntimeError('broken | here')

    report.section('first', 10, fails)
    report.section('second', 10, lambda: report.row(size=2))
    results = stored(tmp_path)
    assert results['first']['error'] == 'RuntimeError: broken | here'
    assert results['first']['rows'] == [dict(size=1)] and 'fails' in results['first']['tracebacks'][0]
    assert results['second']['error'] is None and results['second']['rows'] == [dict(size=2)]
    assert report.failed == ['first']
    text = (tmp_path / 'report.md').read_text()
    assert '**FAILED: RuntimeError: broken / here**' in text and '| size |\n|---|\n| 2 |' in text


def test_rows_are_on_disk_before_their_section_ends(report, tmp_path):
    seen = []

    def section():
        report.row(size=1)
        seen.append(stored(tmp_path)['first']['rows'])

    report.section('first', 10, section)
    assert seen == [[dict(size=1)]]


def test_a_run_that_dies_is_gone_on_with_after_the_section_that_killed_it(module, report, tmp_path):
    def dies():
        report.row(size=1)
        raise KeyboardInterrupt

    report.section('whole', 10, lambda: report.row(size=0))
    with pytest.raises(KeyboardInterrupt):
        report.section('deadly', 10, dies)
    again = module('gpu_report').Report(tmp_path, 60)
    for name in ('whole', 'deadly', 'last'):
        again.section(name, 10, lambda: again.row(size=2))
    rows = {name: entry['rows'] for name, entry in stored(tmp_path).items()}
    assert rows == dict(whole=[dict(size=0)], deadly=[dict(size=1)], last=[dict(size=2)])
    assert again.failed == ['deadly']


def test_cases_end_with_the_time_of_their_section(report, tmp_path):
    def section():
        for number in report.cases(range(5)):
            report.row(number=number)
            time.sleep(0.06)

    report.section('first', 0.1, section)
    rows = stored(tmp_path)['first']['rows']
    assert rows[-1] == dict(note=f'out of time: {6 - len(rows)} of 5 cases are left out') and len(rows) < 5


def test_results_of_other_settings_are_not_gone_on_with(module, tmp_path):
    report = module('gpu_report').Report(tmp_path, 60, device='cpu', voxels=100)
    report.section('first', 10, lambda: report.row(size=1))
    assert module('gpu_report').Report(tmp_path, 60, device='cpu', voxels=100).results == report.results
    with pytest.raises(ValueError, match="holds the results of .*'cpu'.*, not of .*'cuda'"):
        module('gpu_report').Report(tmp_path, 60, device='cuda', voxels=100)


def test_without_time_no_section_starts(module, tmp_path):
    report = module('gpu_report').Report(tmp_path, 0)
    report.section('first', 10, lambda: report.row(size=1))
    assert report.results == {}


def test_a_failed_case_fails_its_section_but_not_its_neighbours(report):
    def section():
        report.attempt('bad', lambda: 1 / 0)
        report.attempt('good', lambda: None)

    report.section('first', 10, section)
    outcomes = [row['outcome'] for row in report.results['first']['rows']]
    assert outcomes == ['FAILED: ZeroDivisionError: division by zero', 'passed']
    assert report.failed == ['first']


@pytest.mark.parametrize(
    'summary, status',
    [
        ('ERROR SUMMARY: 10 errors', 0),
        ('RACECHECK SUMMARY: 3 hazards displayed (0 errors, 3 warnings)', 0),
        ('ERROR SUMMARY: 0 errors', 1),
        ('Error: no kernel was run', 0),
    ],
)
def test_what_a_sanitizer_complains_of_is_a_failure(module, summary, status):
    with pytest.raises(AssertionError, match=f'status {status}'):
        module('gpu_sanitizer').verdict(f'========= COMPUTE-SANITIZER\n========= {summary}\n', status)


@pytest.mark.parametrize(
    'summary', ['ERROR SUMMARY: 0 errors', 'RACECHECK SUMMARY: 0 hazards displayed (0 errors, 0 warnings)']
)
def test_a_clean_sanitizer_passes(module, summary):
    assert module('gpu_sanitizer').verdict(f'========= {summary}\n', 0) == summary


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


def test_a_sanitizer_watches_the_kernels_of_the_package_alone(module, tool, tmp_path):
    sanitizer = module('gpu_sanitizer')
    summary = 'RACECHECK SUMMARY: 0 hazards displayed (0 errors, 0 warnings)'
    said = sanitizer.require_clean(tool(f'========= {summary}'), 'racecheck', 'knn', 30)
    assert said == f'{summary}; not launched: knn_cells'
    arguments = (tmp_path / 'record').read_text().split('\n')
    watched = {a.removeprefix('kernel_name=') for a in arguments if a.startswith('kernel_name=')}
    assert watched == set(sanitizer.kernel_names()) >= {'attend_forward', 'knn_search', 'gather_max'}
    assert arguments[:2] == ['--tool', 'racecheck'] and arguments[-3:] == ['--unwatched', '--only', 'knn']


def test_kernels_are_found_in_their_sources_and_launched_by_the_package(module):
    folder = module('gpu_sanitizer').SOURCE_FOLDER
    text = ''.join(path.read_text() for path in folder.parent.rglob('*.py'))
    names = module('gpu_sanitizer').kernel_names()
    assert len(set(names)) == len(names) and not [name for name in names if f"'{name}'" not in text]
    sources = ''.join(path.read_text() for path in folder.glob('*.cuh'))
    macros = re.findall(r'(#define )?(SWIN3D_\w*KERNEL)\(', sources)
    assert len([define for define, _ in macros if not define]) == len(names)


def test_a_sanitizer_that_does_not_end_has_no_verdict(module, tool):
    with pytest.raises(AssertionError, match='no end within 1 s'):
        module('gpu_sanitizer').require_clean(tool('ERROR SUMMARY: 0 errors', sleep=60), 'memcheck', '', 1.0)


def test_a_sanitizer_must_find_the_fault_put_there_for_it(module, tool):
    sanitizer = module('gpu_sanitizer')
    found = sanitizer.require_found(tool('= ERROR SUMMARY: 2 errors'), 'memcheck', 'fault_past_the_end', 30)
    assert found == 'found: ERROR SUMMARY: 2 errors'
    for says in ('ERROR SUMMARY: 0 errors', 'Error: no kernel was run'):
        with pytest.raises(AssertionError, match='memcheck did not see fault_past_the_end'):
            sanitizer.require_found(tool(says), 'memcheck', 'fault_past_the_end', 30)


def test_the_fault_for_racecheck_is_a_race(module):
    source = str(module('gpu_sanitizer').FAULTY_SOURCE)
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


def test_pairs_are_listed_on_the_device_of_their_windows(module):
    order, ptr = torch.tensor([3, 0, 4, 1, 2]), torch.tensor([0, 2, 5])
    windows = WindowIndex(order=order, ptr=ptr, cell=torch.zeros(5, 3).long())
    with torch.device('meta'):  # what is made without a device lands on another one
        i, j = module('explicit_pairs').list_pairs(windows)
    expected = [(a, b) for window in ((3, 0), (4, 1, 2)) for a in window for b in window]
    assert list(zip(i.tolist(), j.tolist())) == expected


def test_the_network_works_on_the_device_of_its_level(module):
    torch.manual_seed(0)
    level = scene(module)
    network = module('stand_in_network').StandInNetwork((2, 1, 1, 1, 1))
    feats = level.features()
    expected = network(feats, level)
    grads = torch.autograd.grad(expected.sum(), network.parameters())
    with torch.device('meta'):
        got = network(feats, level)
        assert torch.equal(got, expected) and expected.isfinite().all()
        assert all(map(torch.equal, torch.autograd.grad(got.sum(), network.parameters()), grads))


def scene(module):
    """Two scenes of scattered voxels."""
    generator = torch.Generator().manual_seed(0)
    coords = torch.randint(-9, 9, (600, 4), generator=generator)
    coords[:, 0] %= 2
    coords = torch.unique(coords, dim=0)
    xyz = coords[:, 1:] + torch.rand(len(coords), 3, generator=generator)
    ptr = torch.tensor([0, int((coords[:, 0] == 0).sum()), len(coords)])
    rgb = torch.rand(len(coords), 3, generator=generator) * 2 - 1
    return module('pyramid').VoxelLevel(coords, xyz, rgb, ptr)


@pytest.mark.slow
def test_the_network_has_the_parameters_of_swin3d_s(module):
    pytest.importorskip('mmdet3d')
    from swin3d_mmdet3d.models.backbones.swin3d import Swin3D
    from swin3d_mmdet3d.models.necks.swin3d_decoder import Swin3DDecoder

    sizes = dict(channels=[48, 96, 192, 384, 384], num_heads=[6, 6, 12, 24, 24], window_sizes=[5, 7, 7, 7, 7])
    parts = [Swin3D(6, depths=[2, 4, 9, 4, 4], **sizes), Swin3DDecoder(**sizes), torch.nn.Linear(48, 20)]
    counts = [sum(p.numel() for p in part.parameters()) for part in parts]
    network = module('stand_in_network').StandInNetwork()
    assert sum(p.numel() for p in network.parameters()) == sum(counts)


def test_hazards_notice_an_attention_that_is_wrong(module, report, monkeypatch):
    hazards = module('gpu_hazards')
    right = hazards.window_attention
    monkeypatch.setattr(hazards, 'window_attention', lambda *inputs: right(*inputs) * 1.01)
    report.section('hazards', 60, lambda: hazards.hazards(report, CPU))
    outcomes = {row['case']: row['outcome'] for row in report.results['hazards']['rows']}
    wrong = [case for case, outcome in outcomes.items() if outcome.startswith('FAILED: AssertionError')]
    assert wrong == ['2000 windows of one voxel', '288000 elements']


def test_hazards_notice_signals_that_outlive_a_write(module, monkeypatch):
    hazards = module('gpu_hazards')
    problem, right, kept = hazards.Problem(torch.tensor([30, 40]), CPU), hazards.window_attention, {}
    hazards._after_a_write(problem, CPU)

    def keeps(*inputs):
        *tensors, signals, rows, windows = inputs
        return right(*tensors, kept.setdefault(id(windows), signals.clone()), rows, windows)

    monkeypatch.setattr(hazards, 'window_attention', keeps)
    with pytest.raises(AssertionError, match='other bits'):
        hazards._after_a_write(problem, CPU)


def test_hazards_notice_results_that_another_device_changes(module, monkeypatch):
    hazards = module('gpu_hazards')
    problem = hazards.Problem(torch.tensor([3, 1, 7]), CPU)
    expected = problem.both()
    hazards._on_device(problem, expected, CPU)
    monkeypatch.setattr(hazards.Problem, 'to', lambda self, device: hazards.Problem(torch.tensor([11]), CPU))
    with pytest.raises(AssertionError, match='other bits'):
        hazards._on_device(problem, expected, CPU)


def test_gradients_of_processes_that_differ_are_noticed(module):
    processes = module('gpu_processes')
    right = [{'weight': torch.ones(3), 'bias': torch.ones(2)} for _ in range(2)]
    wrong = [right[0], {'weight': torch.ones(3), 'bias': torch.tensor([1.0, 1.001])}]
    processes._require([right, right], [right], 0)
    processes._require([right, wrong], [right], 1e-2)
    with pytest.raises(AssertionError, match='bias differs by 1.0e-03 in step 1'):
        processes._require([right, wrong], [right], 1e-4)


def test_kernels_that_are_distrusted_in_a_mode_fail_it(module, report, monkeypatch):
    machine = module('gpu_machine')

    @functools.cache
    def distrust(op, backend, device_type):
        return 'it is off' if torch.is_inference_mode_enabled() and op == 'knn' else None

    monkeypatch.setattr(machine.op, 'reason_to_distrust', distrust)
    report.section('trust', 60, lambda: machine.self_checks(report, CPU))
    outcomes = {row['case']: row['outcome'] for row in report.results['trust']['rows']}
    assert [mode for mode, text in outcomes.items() if text.startswith('FAILED')] == ['inference_mode']
    assert 'knn by cpu: it is off' in outcomes['inference_mode']


@pytest.mark.parametrize('check', ['check_resampling', 'check_products'])
def test_checks_notice_kernels_that_are_wrong(module, monkeypatch, check):
    checks = module('gpu_checks')
    getattr(checks, check)(torch.float32, CPU)
    for name in ('interpolate', 'linear_gather_max'):
        right = getattr(checks.resample, name)

        def wrong(*arguments, backend, right=right):
            return right(*arguments, backend=backend) * (1 if backend == 'reference' else 1.001)

        monkeypatch.setattr(checks.resample, name, wrong)
    with pytest.raises(AssertionError, match='differs from the reference by 1.0e-03'):
        getattr(checks, check)(torch.float32, CPU)


@pytest.mark.slow
def test_a_dry_run_holds_every_section(module, tmp_path):
    """Some two minutes, most of it the reference of attention."""
    command = [sys.executable, str(BENCHMARKS / 'gpu.py'), '--device', 'cpu', '--voxels', '1000']
    done = subprocess.run([*command, '--out', str(tmp_path)], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    results = stored(tmp_path)
    assert list(results) == list(module('gpu').sections(CPU, 1000))
    assert not [name for name, entry in results.items() if entry['error'] or not entry['rows']]
    assert sorted(path.name for path in tmp_path.iterdir()) == ['report.md', 'results.json']
    stages = {(row['scene'], row['stage']) for row in results['Attention by stage']['rows'] if 'scene' in row}
    assert stages == {(scene, stage) for scene in ('room', 'thin room') for stage in range(5)}
    shapes = [row for row in results['Sparse convolution']['rows'] if 'backend' in row]
    measured = {(row['voxels'], row['widths'], row['dtype'], row['backend']) for row in shapes}
    assert len(measured) == len(shapes) == 3 * 3 * 3 * 2
    precise = [row for row in results['Network against float64']['rows'] if 'error' in row]
    assert [row['dtype'] for row in precise] == ['float64', 'float32'] and precise[0]['error'] < 1e-6


DEADLY = """
import os, sys
sys.path.insert(0, {folder!r})
import gpu
gpu.__file__ = __file__
gpu.sections = lambda device, voxels: {{
    'good': (9, lambda report: report.row(size=1)),
    'deadly': (9, lambda report: (report.row(size=2), os._exit(9))),
    'later': (9, lambda report: report.row(size=3)),
}}
gpu.main()
"""


@pytest.mark.slow
def test_a_section_that_takes_the_process_down_does_not_end_the_run(tmp_path):
    script = tmp_path / 'deadly.py'
    script.write_text(DEADLY.format(folder=str(BENCHMARKS)))
    command = [sys.executable, str(script), '--device', 'cpu', '--out', str(tmp_path / 'out')]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 1 and "failed: ['deadly']; left out: []" in done.stdout
    results = stored(tmp_path / 'out')
    assert [entry['rows'] for entry in results.values()] == [[dict(size=size)] for size in (1, 2, 3)]
    assert results['deadly']['error'] == 'the process ended in this section'


def test_checkpointing_of_the_stand_in_changes_no_gradient_and_keeps_less(module):
    level = scene(module)
    network = module('stand_in_network').StandInNetwork((1, 2, 1, 1, 1))

    def gradients():
        kept = {}
        with torch.autograd.graph.saved_tensors_hooks(
            lambda t: kept.update({t.untyped_storage().data_ptr(): t}) or t, lambda t: t
        ):
            out = network(level.features(), level)
        grads = torch.autograd.grad(out.sin().sum(), network.parameters())
        return grads, sum(tensor.untyped_storage().nbytes() for tensor in kept.values())

    expected, kept = gradients()
    network.checkpoint_activations()
    grads, less = gradients()
    assert all(map(torch.equal, grads, expected)) and less < kept
