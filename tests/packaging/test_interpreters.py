"""Which Python makes the environment."""

import os
import re
import sys
from pathlib import Path

import pytest

from build_backend.environment import interpreters, steps
from build_backend.environment.commands import SetupError

PYPROJECT = Path(__file__).resolve().parents[2] / 'pyproject.toml'


def test_wrong_python_is_named(monkeypatch):
    monkeypatch.setattr(interpreters, 'python_version', lambda python: (3, 13))
    with pytest.raises(SetupError, match=r'Python 3\.9, 3\.10, 3\.11 or 3\.12 .* is needed'):
        interpreters.find_python()


def test_python_that_does_not_run_is_passed_over(tmp_path, monkeypatch):
    shim = tmp_path / 'python3.11'
    shim.write_text('#!/bin/sh\nexit 127\n')
    shim.chmod(0o755)
    assert interpreters.python_version(str(shim)) is None
    assert interpreters.python_version(str(tmp_path / 'absent')) is None


@pytest.mark.parametrize(
    'variable, path',
    [
        ('PYENV_ROOT', 'versions/3.10.13/bin/python3.10'),
        ('UV_PYTHON_INSTALL_DIR', 'cpython-3.10.13-linux-x86_64-gnu/bin/python3.10'),
        ('XDG_DATA_HOME', 'uv/python/cpython-3.10.13-linux-x86_64-gnu/bin/python3.10'),
    ],
)
def test_pythons_of_pyenv_and_uv_serve_where_path_has_none(tmp_path, monkeypatch, variable, path):
    python = tmp_path / path
    python.parent.mkdir(parents=True)
    python.touch()
    monkeypatch.delenv('UV_PYTHON_INSTALL_DIR', raising=False)
    monkeypatch.setenv(variable, str(tmp_path))
    monkeypatch.setattr(interpreters, 'python_version', lambda name: (3, 10) if name == str(python) else None)
    assert interpreters.find_python() == (str(python), (3, 10))


def test_the_running_python_serves_before_others_if_it_can(monkeypatch):
    running = os.path.realpath(sys.executable)
    monkeypatch.setattr(interpreters, 'python_version', lambda name: (3, 9) if name == running else (3, 11))
    assert interpreters.find_python() == (running, (3, 9))


def test_every_python_that_serves_has_a_lock_and_a_torch_and_is_admitted_by_the_package():
    admitted = re.search(r'requires-python = ">=3\.(\d+),<3\.(\d+)"', PYPROJECT.read_text())
    versions = {(3, minor) for minor in range(*map(int, admitted.groups()))}
    locks = {path.stem for path in (PYPROJECT.parent / 'requirements').glob('lock-py*.txt')}
    assert set(interpreters.VERSIONS) == versions == set(steps.TORCH)
    assert locks == {f'lock-py{major}{minor}' for major, minor in versions}
