"""The GPU script, as far as a machine without a GPU allows: its book, a dry run of all sections."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch

BENCHMARKS = Path(__file__).parents[2] / 'ops' / 'benchmarks'
CPU = torch.device('cpu')


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


def test_a_run_that_dies_is_gone_on_with_after_the_section_that_killed_it(benchmarks, report, tmp_path):
    def dies():
        report.row(size=1)
        raise KeyboardInterrupt

    report.section('whole', 10, lambda: report.row(size=0))
    with pytest.raises(KeyboardInterrupt):
        report.section('deadly', 10, dies)
    again = benchmarks('gpu_report').Report(tmp_path, 60)
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


def test_results_of_other_settings_are_not_gone_on_with(benchmarks, tmp_path):
    report = benchmarks('gpu_report').Report(tmp_path, 60, device='cpu', voxels=100)
    report.section('first', 10, lambda: report.row(size=1))
    assert benchmarks('gpu_report').Report(tmp_path, 60, device='cpu', voxels=100).results == report.results
    with pytest.raises(ValueError, match="holds the results of .*'cpu'.*, not of .*'cuda'"):
        benchmarks('gpu_report').Report(tmp_path, 60, device='cuda', voxels=100)


def test_without_time_no_section_starts(benchmarks, tmp_path):
    report = benchmarks('gpu_report').Report(tmp_path, 0)
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


@pytest.mark.slow
def test_a_dry_run_holds_every_section(benchmarks, tmp_path):
    """Some two minutes, most of it the reference of attention."""
    command = [sys.executable, str(BENCHMARKS / 'gpu.py'), '--device', 'cpu', '--voxels', '1000']
    done = subprocess.run([*command, '--out', str(tmp_path)], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    results = stored(tmp_path)
    assert list(results) == list(benchmarks('gpu').sections(CPU, 1000))
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
