import errno
import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]


@pytest.fixture
def bootstrap(tmp_path, monkeypatch):
    """The script, whose environment, log and cache lie in a temporary folder."""
    spec = importlib.util.spec_from_file_location('bootstrap_under_test', REPOSITORY / 'bootstrap.py')
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    for name, path in {
        'VENV': '.venv',
        'LOG': 'bootstrap.log',
        'STEPS': '.venv/steps.json',
        'CACHE': 'cache',
        'SPCONV': '.spconv',
    }.items():
        monkeypatch.setattr(module, name, tmp_path / path)
    (tmp_path / '.venv').mkdir()
    return module


def failing_step(bootstrap, output):
    script = f'import sys; print({output!r}); sys.exit(1)'
    bootstrap.run([sys.executable, '-c', script], 'torch')


def test_find_links_are_extended_and_never_replaced(bootstrap, monkeypatch):
    monkeypatch.setenv('PIP_FIND_LINKS', '/first /second')
    assert bootstrap.with_find_links(Path('/third')) == '/first /second /third'
    monkeypatch.delenv('PIP_FIND_LINKS')
    assert bootstrap.with_find_links(Path('/third')) == '/third'


@pytest.mark.parametrize(
    'output, message',
    [
        ('NewConnectionError: refused', 'package index did not answer.*PIP_INDEX_URL'),
        ('Temporary failure in name resolution', 'package index did not answer'),
        ('ERROR: No matching distribution found for torch==9', 'index has no torch==9'),
        ('OSError: [Errno 28] No space left on device', r'disk is full: .* GB are free'),
        ('Traceback\nsomething else broke', 'torch failed: something else broke'),
    ],
)
def test_failed_step_is_explained_in_one_line(bootstrap, output, message):
    with pytest.raises(bootstrap.SetupError, match=message) as error:
        failing_step(bootstrap, output)
    assert '\n' not in str(error.value)
    assert output.splitlines()[-1] in bootstrap.LOG.read_text()


def test_wrong_python_is_named(bootstrap, monkeypatch):
    monkeypatch.setattr(bootstrap, 'python_version', lambda python: (3, 13))
    with pytest.raises(bootstrap.SetupError, match=r'Python 3\.9, 3\.10 or 3\.11 .* is needed'):
        bootstrap.find_python()


def test_python_that_does_not_run_is_passed_over(bootstrap, tmp_path, monkeypatch):
    shim = tmp_path / 'python3.11'
    shim.write_text('#!/bin/sh\nexit 127\n')
    shim.chmod(0o755)
    assert bootstrap.python_version(str(shim)) is None
    assert bootstrap.python_version(str(tmp_path / 'absent')) is None


def test_pyenv_versions_serve_where_path_has_none(bootstrap, tmp_path, monkeypatch):
    python = tmp_path / 'versions' / '3.10.13' / 'bin' / 'python'
    python.parent.mkdir(parents=True)
    python.touch()
    monkeypatch.setenv('PYENV_ROOT', str(tmp_path))
    monkeypatch.setattr(bootstrap, 'python_version', lambda name: (3, 10) if name == str(python) else None)
    assert bootstrap.find_python() == (str(python), (3, 10))


def test_missing_compiler_is_named_before_the_build(bootstrap, tmp_path, monkeypatch):
    monkeypatch.setattr(bootstrap.shutil, 'which', lambda name: None)
    with pytest.raises(bootstrap.SetupError, match='no C\\+\\+ compiler was found'):
        bootstrap.build_mmcv('mmcv', tmp_path / 'wheels')
    assert not (tmp_path / 'wheels').exists()


def test_mmcv_build_has_no_debug_symbols_and_lands_in_the_cache_whole(bootstrap, tmp_path, monkeypatch):
    calls = []

    def pip(step, *arguments, **variables):
        calls.append(variables)
        (Path(arguments[arguments.index('-w') + 1]) / 'mmcv-2.1.0.whl').touch()

    monkeypatch.setattr(bootstrap, 'pip', pip)
    monkeypatch.setattr(bootstrap.shutil, 'which', lambda name: name)
    monkeypatch.setenv('CFLAGS', '-O2')
    bootstrap.build_mmcv('mmcv', tmp_path / 'wheels')
    assert calls[0]['CFLAGS'] == '-O2 -g0'
    assert [path.name for path in (tmp_path / 'wheels').iterdir()] == ['mmcv-2.1.0.whl']


@pytest.mark.parametrize('toolkit, shown', [(True, {}), (False, {'CUDA_VISIBLE_DEVICES': ''})])
def test_mmcv_is_built_without_cuda_where_there_is_no_toolkit(
    bootstrap, tmp_path, monkeypatch, toolkit, shown
):
    calls = []
    monkeypatch.setattr(bootstrap, 'pip', lambda step, *arguments, **variables: calls.append(variables))
    monkeypatch.setattr(bootstrap.shutil, 'which', lambda name: name if toolkit or name != 'nvcc' else None)
    monkeypatch.setattr(bootstrap.Path, 'exists', lambda path: False)
    for name in ('CUDA_HOME', 'CUDA_PATH'):
        monkeypatch.delenv(name, raising=False)
    bootstrap.build_mmcv('mmcv', tmp_path / 'wheels')
    assert {name: text for name, text in calls[0].items() if name == 'CUDA_VISIBLE_DEVICES'} == shown


def test_small_disk_is_refused_before_anything_is_made(bootstrap, monkeypatch):
    monkeypatch.setattr(bootstrap.shutil, 'disk_usage', lambda path: SimpleNamespace(free=1e9))
    with pytest.raises(bootstrap.SetupError, match='disk is full: 1.0 GB are free'):
        bootstrap.make_venv('virtual environment', sys.executable)


def test_full_disk_while_writing_is_explained(bootstrap, monkeypatch, capsys):
    def full(*_):
        raise OSError(errno.ENOSPC, 'No space left on device')

    monkeypatch.setattr(bootstrap, 'make_environment', full)
    assert bootstrap.main(['env']) == 1
    assert 'disk is full' in capsys.readouterr().out


def test_error_names_the_log(bootstrap, monkeypatch, capsys):
    def fail(*_):
        raise bootstrap.SetupError('broken')

    monkeypatch.setattr(bootstrap, 'make_environment', fail)
    assert bootstrap.main(['test']) == 1
    assert str(bootstrap.LOG) in capsys.readouterr().out


def test_unknown_job_is_refused(bootstrap, capsys):
    assert bootstrap.main(['tset']) == 2
    assert 'demo|test|test-all|env' in capsys.readouterr().out


def fake_steps(ran, keys):
    return [(name, [key], ran.append) for name, key in keys.items()]


def steps_run(bootstrap, monkeypatch, **keys):
    ran = []
    monkeypatch.setattr(bootstrap, 'setup_steps', lambda *_: fake_steps(ran, keys))
    bootstrap.make_environment(sys.executable, (3, 11))
    return ran


def test_only_changed_steps_and_those_after_them_run_again(bootstrap, monkeypatch):
    assert steps_run(bootstrap, monkeypatch, torch='1', lock='1', package='1') == ['torch', 'lock', 'package']
    assert steps_run(bootstrap, monkeypatch, torch='1', lock='1', package='1') == []
    assert steps_run(bootstrap, monkeypatch, torch='1', lock='2', package='1') == ['lock', 'package']


def test_interrupted_set_up_goes_on_at_the_failed_step(bootstrap, monkeypatch):
    steps_run(bootstrap, monkeypatch, torch='1', lock='1')

    def fail(step):
        raise bootstrap.SetupError('broken')

    monkeypatch.setattr(bootstrap, 'setup_steps', lambda *_: [('torch', ['1'], fail), ('lock', ['2'], fail)])
    with pytest.raises(bootstrap.SetupError):
        bootstrap.make_environment(sys.executable, (3, 11))
    assert list(json.loads(bootstrap.STEPS.read_text())) == ['torch']
    assert steps_run(bootstrap, monkeypatch, torch='1', lock='1') == ['lock']


def test_lock_torch_and_configs_are_part_of_the_keys(bootstrap, tmp_path, monkeypatch):
    def keys():
        return {name: inputs for name, inputs, _ in bootstrap.setup_steps('python3', (3, 11))}

    monkeypatch.setattr(bootstrap, 'ROOT', tmp_path)
    (tmp_path / 'requirements').mkdir()
    (tmp_path / 'configs').mkdir()
    lock = tmp_path / 'requirements' / 'lock-py311.txt'
    lock.write_text('numpy==1.26.4\n')
    before = keys()
    lock.write_text('numpy==1.26.3\n')
    (tmp_path / 'configs' / 'new.py').touch()
    monkeypatch.setenv('SWIN3D_TORCH', 'torch==2.1.2')
    changed = {name for name, inputs in keys().items() if inputs != before[name]}
    assert changed == {'torch', 'locked packages', 'swin3d_mmdet3d, editable'}


@pytest.mark.parametrize(
    'lock', sorted((REPOSITORY / 'requirements').glob('lock-py*.txt')), ids=lambda path: path.stem
)
def test_locks_pin_every_package_and_leave_out_the_heavy_ones(lock):
    lines = [line for line in lock.read_text().splitlines() if not line.startswith('#')]
    names = {line.split('==')[0].lower() for line in lines}
    assert len(names) == len(lines)
    assert all(line.count('==') == 1 for line in lines)
    assert not names & {'torch', 'torchvision', 'open3d', 'opencv-python', 'mmcv', 'scikit-image'}
    assert {'mmengine', 'mmdet', 'mmdet3d', 'numpy', 'openmim'} <= names
    assert set((REPOSITORY / 'requirements' / 'tests.txt').read_text().split()) <= names


@pytest.fixture
def calls(bootstrap, monkeypatch):
    """The commands of jobs, with PYTHONPATH; each ends with the code in `codes`."""

    class Calls(list):
        codes = {}

        def run(self, command, env, **_):
            self.append((command[1:], env.get('PYTHONPATH')))
            return self.codes.get(len(self), 0)

    calls = Calls()
    bootstrap.STEPS.write_text('{}')
    monkeypatch.delenv('PYTHONPATH', raising=False)
    monkeypatch.setattr(bootstrap, 'make_environment', lambda *_: None)
    monkeypatch.setattr(bootstrap.subprocess, 'call', calls.run)
    return calls


def installing(bootstrap, monkeypatch, ran):
    def pip(step, *arguments):
        ran.append(arguments)
        bootstrap.SPCONV.mkdir()

    monkeypatch.setattr(bootstrap, 'pip', pip)


def test_all_tests_run_again_with_spconv_out_of_the_environment(bootstrap, monkeypatch, calls):
    ran = []
    installing(bootstrap, monkeypatch, ran)
    assert bootstrap.main(['test-all']) == bootstrap.main(['test-all']) == 0
    assert [command for command, _ in calls] == [bootstrap.JOBS['test-all'], bootstrap.SPCONV_JOB] * 2
    assert [path for _, path in calls] == [None, str(bootstrap.SPCONV)] * 2
    ((*arguments, lock),) = ran  # installed once
    assert arguments == ['install', '--no-deps', '--target', str(bootstrap.SPCONV), '-r']
    assert lock == 'requirements/lock-spconv.txt'
    assert 'spconv-cu120==2.3.6\n' in (REPOSITORY / lock).read_text()


@pytest.mark.parametrize('job', [['test'], ['env'], ['test-all', 'tests/ops']])
def test_other_jobs_do_without_spconv(bootstrap, monkeypatch, calls, job):
    installing(bootstrap, monkeypatch, [])
    assert bootstrap.main(job) == 0
    assert not bootstrap.SPCONV.exists() and bootstrap.SPCONV_JOB not in [command for command, _ in calls]


@pytest.mark.parametrize('failing', [1, 2])
def test_a_failure_with_or_without_spconv_is_one_of_all_tests(bootstrap, monkeypatch, calls, failing):
    installing(bootstrap, monkeypatch, [])
    calls.codes = {failing: 3}
    assert bootstrap.main(['test-all']) == 3 and len(calls) == 2


def test_spconv_that_cannot_be_had_fails_after_the_tests(bootstrap, monkeypatch, calls, capsys):
    def refuse(*_):
        raise bootstrap.SetupError('spconv: the package index did not answer')

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
