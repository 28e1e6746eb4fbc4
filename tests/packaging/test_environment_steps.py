"""Which steps of the set-up run, and again."""

import json
import sys
from types import SimpleNamespace

import pytest

from build_backend.environment import steps
from build_backend.environment.commands import SetupError


def test_small_disk_is_refused_before_anything_is_made(places, monkeypatch):
    monkeypatch.setattr(steps.shutil, 'disk_usage', lambda path: SimpleNamespace(free=1e9))
    with pytest.raises(SetupError, match='disk is full: 1.0 GB are free'):
        steps.make_venv('virtual environment', sys.executable)


def fake_steps(ran, keys):
    return [(name, [key], ran.append) for name, key in keys.items()]


def steps_run(places, monkeypatch, **keys):
    ran = []
    monkeypatch.setattr(steps, 'setup_steps', lambda *_: fake_steps(ran, keys))
    steps.make_environment(sys.executable, (3, 11))
    return ran


def test_only_changed_steps_and_those_after_them_run_again(places, monkeypatch):
    assert steps_run(places, monkeypatch, torch='1', lock='1', package='1') == ['torch', 'lock', 'package']
    assert steps_run(places, monkeypatch, torch='1', lock='1', package='1') == []
    assert steps_run(places, monkeypatch, torch='1', lock='2', package='1') == ['lock', 'package']


def test_interrupted_set_up_goes_on_at_the_failed_step(places, monkeypatch):
    steps_run(places, monkeypatch, torch='1', lock='1')

    def fail(step):
        raise SetupError('broken')

    monkeypatch.setattr(steps, 'setup_steps', lambda *_: [('torch', ['1'], fail), ('lock', ['2'], fail)])
    with pytest.raises(SetupError):
        steps.make_environment(sys.executable, (3, 11))
    assert list(json.loads(places.STEPS.read_text())) == ['torch']
    assert steps_run(places, monkeypatch, torch='1', lock='1') == ['lock']


def test_lock_torch_and_configs_are_part_of_the_keys(places, tmp_path, monkeypatch):
    def keys():
        return {name: inputs for name, inputs, _ in steps.setup_steps('python3', (3, 11))}

    monkeypatch.setattr(places, 'ROOT', tmp_path)
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
