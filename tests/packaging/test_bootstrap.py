"""Jobs of `bootstrap.py`, their exit codes, and what continuous integration calls."""

import errno
import os
import subprocess
from pathlib import Path

import pytest

import bootstrap
from build_backend.environment.commands import SetupError

REPOSITORY = Path(__file__).resolve().parents[2]


def test_full_disk_while_writing_is_explained(places, monkeypatch, capsys):
    def full(*_):
        raise OSError(errno.ENOSPC, 'No space left on device')

    monkeypatch.setattr(bootstrap, 'make_environment', full)
    assert bootstrap.main(['env']) == 1
    assert 'disk is full' in capsys.readouterr().out


def test_error_names_the_log(places, monkeypatch, capsys):
    def fail(*_):
        raise SetupError('broken')

    monkeypatch.setattr(bootstrap, 'make_environment', fail)
    assert bootstrap.main(['test']) == 1
    assert str(places.LOG) in capsys.readouterr().out


def test_unknown_job_is_refused(capsys):
    assert bootstrap.main(['tset']) == 2
    assert 'demo|test|test-all|env' in capsys.readouterr().out


@pytest.fixture
def calls(places, monkeypatch):
    """The commands of jobs, with PYTHONPATH; each ends with the code in `codes`."""

    class Calls(list):
        codes = {}

        def run(self, command, env, **_):
            self.append((command[1:], env.get('PYTHONPATH')))
            return self.codes.get(len(self), 0)

    calls = Calls()
    places.STEPS.write_text('{}')
    monkeypatch.delenv('PYTHONPATH', raising=False)
    monkeypatch.setattr(bootstrap, 'make_environment', lambda *_: None)
    monkeypatch.setattr(bootstrap.subprocess, 'call', calls.run)
    return calls


def installing(places, monkeypatch, ran):
    def pip(step, *arguments):
        ran.append(arguments)
        places.SPCONV.mkdir()

    monkeypatch.setattr(bootstrap, 'pip', pip)


def test_all_tests_run_again_with_spconv_out_of_the_environment(places, monkeypatch, calls):
    ran = []
    installing(places, monkeypatch, ran)
    assert bootstrap.main(['test-all']) == bootstrap.main(['test-all']) == 0
    assert [command for command, _ in calls] == [bootstrap.JOBS['test-all'], bootstrap.SPCONV_JOB] * 2
    assert [path for _, path in calls] == [None, str(places.SPCONV)] * 2
    ((*arguments, lock),) = ran  # installed once
    assert arguments == ['install', '--no-deps', '--target', str(places.SPCONV), '-r']
    assert lock == 'requirements/lock-spconv.txt'
    assert 'spconv-cu120==2.3.6' in (REPOSITORY / lock).read_text()


@pytest.mark.parametrize('job', [['test'], ['env'], ['test-all', 'tests/ops']])
def test_other_jobs_do_without_spconv(places, monkeypatch, calls, job):
    installing(places, monkeypatch, [])
    assert bootstrap.main(job) == 0
    assert not places.SPCONV.exists() and bootstrap.SPCONV_JOB not in [command for command, _ in calls]


@pytest.mark.parametrize('failing', [1, 2])
def test_a_failure_with_or_without_spconv_is_one_of_all_tests(places, monkeypatch, calls, failing):
    installing(places, monkeypatch, [])
    calls.codes = {failing: 3}
    assert bootstrap.main(['test-all']) == 3 and len(calls) == 2


def test_spconv_that_cannot_be_had_fails_after_the_tests(places, monkeypatch, calls, capsys):
    def refuse(*_):
        raise SetupError('spconv: the package index did not answer')

    monkeypatch.setattr(bootstrap, 'pip', refuse)
    assert bootstrap.main(['test-all']) == 1 and len(calls) == 1
    assert 'spconv: the package index did not answer' in capsys.readouterr().out


def test_continuous_integration_keeps_find_links(tmp_path):
    (tmp_path / 'repository' / '.ci').mkdir(parents=True)
    script = tmp_path / 'repository' / '.ci' / 'run'
    script.write_text((REPOSITORY / '.ci' / 'run').read_text())
    make = tmp_path / 'make'
    make.write_text('#!/bin/sh\necho "$PIP_FIND_LINKS|$1"\n')
    make.chmod(0o755)
    environment = dict(os.environ, PIP_FIND_LINKS='/kept', PATH=f'{tmp_path}{os.pathsep}{os.environ["PATH"]}')

    def output():
        return subprocess.check_output(['bash', str(script)], env=environment, text=True).strip()

    assert output() == '/kept|test'
    (tmp_path / 'shared' / 'wheels').mkdir(parents=True)
    assert output() == f'/kept {tmp_path / "shared" / "wheels"}|test'
