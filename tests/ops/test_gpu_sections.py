"""Sections of the GPU script notice what is wrong; tried on the CPU, where it is made wrong on purpose."""

from __future__ import annotations

import functools

import pytest
import torch

CPU = torch.device('cpu')


def test_hazards_notice_an_attention_that_is_wrong(benchmarks, report, monkeypatch):
    hazards = benchmarks('gpu_hazards')
    right = hazards.window_attention
    monkeypatch.setattr(hazards, 'window_attention', lambda *inputs: right(*inputs) * 1.01)
    report.section('hazards', 60, lambda: hazards.hazards(report, CPU))
    outcomes = {row['case']: row['outcome'] for row in report.results['hazards']['rows']}
    wrong = [case for case, outcome in outcomes.items() if outcome.startswith('FAILED: AssertionError')]
    assert wrong == ['2000 windows of one voxel', '288000 elements']


def test_hazards_notice_signals_that_outlive_a_write(benchmarks, monkeypatch):
    hazards = benchmarks('gpu_hazards')
    problem, right, kept = hazards.Problem(torch.tensor([30, 40]), CPU), hazards.window_attention, {}
    hazards._after_a_write(problem, CPU)

    def keeps(*inputs):
        *tensors, signals, rows, windows = inputs
        return right(*tensors, kept.setdefault(id(windows), signals.clone()), rows, windows)

    monkeypatch.setattr(hazards, 'window_attention', keeps)
    with pytest.raises(AssertionError, match='other bits'):
        hazards._after_a_write(problem, CPU)


def test_hazards_notice_results_that_another_device_changes(benchmarks, monkeypatch):
    hazards = benchmarks('gpu_hazards')
    problem = hazards.Problem(torch.tensor([3, 1, 7]), CPU)
    expected = problem.both()
    hazards._on_device(problem, expected, CPU)
    monkeypatch.setattr(hazards.Problem, 'to', lambda self, device: hazards.Problem(torch.tensor([11]), CPU))
    with pytest.raises(AssertionError, match='other bits'):
        hazards._on_device(problem, expected, CPU)


def test_gradients_of_processes_that_differ_are_noticed(benchmarks):
    processes = benchmarks('gpu_processes')
    right = [{'weight': torch.ones(3), 'bias': torch.ones(2)} for _ in range(2)]
    wrong = [right[0], {'weight': torch.ones(3), 'bias': torch.tensor([1.0, 1.001])}]
    processes._require([right, right], [right], 0)
    processes._require([right, wrong], [right], 1e-2)
    with pytest.raises(AssertionError, match='bias differs by 1.0e-03 in step 1'):
        processes._require([right, wrong], [right], 1e-4)


def test_kernels_that_are_distrusted_in_a_mode_fail_it(benchmarks, report, monkeypatch):
    machine = benchmarks('gpu_machine')

    @functools.cache
    def distrust(op, backend, device_type):
        return 'it is off' if torch.is_inference_mode_enabled() and op == 'knn' else None

    monkeypatch.setattr(machine.op, 'reason_to_distrust', distrust)
    report.section('trust', 60, lambda: machine.self_checks(report, CPU))
    outcomes = {row['case']: row['outcome'] for row in report.results['trust']['rows']}
    assert [mode for mode, text in outcomes.items() if text.startswith('FAILED')] == ['inference_mode']
    assert 'knn by cpu: it is off' in outcomes['inference_mode']


@pytest.mark.parametrize('check', ['check_resampling', 'check_products'])
def test_checks_notice_kernels_that_are_wrong(benchmarks, monkeypatch, check):
    checks = benchmarks('gpu_checks')
    getattr(checks, check)(torch.float32, CPU)
    for name in ('interpolate', 'linear_gather_max'):
        right = getattr(checks.resample, name)

        def wrong(*arguments, backend, right=right):
            return right(*arguments, backend=backend) * (1 if backend == 'reference' else 1.001)

        monkeypatch.setattr(checks.resample, name, wrong)
    with pytest.raises(AssertionError, match='differs from the reference by 1.0e-03'):
        getattr(checks, check)(torch.float32, CPU)
