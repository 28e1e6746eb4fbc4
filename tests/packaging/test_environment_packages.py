"""Commands of the set-up, by pip or uv: their settings, and failures in one line."""

import sys
from pathlib import Path

import pytest

from build_backend.environment import packages
from build_backend.environment.commands import SetupError, run


def failing_step(output):
    script = f'import sys; print({output!r}); sys.exit(1)'
    run([sys.executable, '-c', script], 'torch')


def test_find_links_are_extended_and_never_replaced(monkeypatch):
    monkeypatch.setenv('PIP_FIND_LINKS', '/first /second')
    assert packages.with_find_links(Path('/third')) == '/first /second /third'
    monkeypatch.delenv('PIP_FIND_LINKS')
    assert packages.with_find_links(Path('/third')) == '/third'


def installed_by(monkeypatch, uv):
    ran = []
    monkeypatch.setattr(packages.shutil, 'which', lambda name: uv)
    monkeypatch.setattr(packages, 'run', lambda command, step, **variables: ran.append((command, variables)))
    packages.install('torch', 'torch==2.13.0', '-c', 'lock.txt')
    return ran[0]


def test_packages_come_by_uv_where_it_is_installed_and_else_by_pip(places, monkeypatch):
    monkeypatch.setattr(packages, 'uv_settings', lambda: {'UV_FIND_LINKS': '/wheels'})
    python, wanted = places.venv_python(), ['torch==2.13.0', '-c', 'lock.txt']
    assert installed_by(monkeypatch, None) == ([python, '-m', 'pip', 'install', *wanted], {})
    command = ['/bin/uv', 'pip', 'install', '--python', python, *wanted]
    assert installed_by(monkeypatch, '/bin/uv') == (command, {'UV_FIND_LINKS': '/wheels'})


def test_uv_is_told_what_pip_reads(monkeypatch, tmp_path):
    configured = tmp_path / 'pip.conf'
    configured.write_text(
        '[global]\nindex-url = https://one.example/simple\nfind-links = /a\n'
        'extra-index-url =\n    file:///b\n    file:///c\n'
    )
    monkeypatch.setattr(packages, 'venv_python', lambda: sys.executable)
    for name in ('PIP_INDEX_URL', 'PIP_EXTRA_INDEX_URL', 'UV_DEFAULT_INDEX', 'UV_INDEX', 'UV_FIND_LINKS'):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv('PIP_CONFIG_FILE', str(configured))
    monkeypatch.setenv('PIP_FIND_LINKS', '/d /e')
    monkeypatch.setenv('PIP_CONSTRAINT', '/constraints.txt')
    monkeypatch.setenv('UV_CONSTRAINT', '/kept.txt')
    settings = packages.uv_settings()
    assert settings['UV_DEFAULT_INDEX'] == 'https://one.example/simple'
    assert settings['UV_INDEX'] == 'file:///b file:///c'
    assert settings['UV_FIND_LINKS'] == '/d,/e'  # the variable, as in pip, instead of the file
    assert settings['UV_INDEX_STRATEGY'] == 'unsafe-best-match'
    assert 'UV_CONSTRAINT' not in settings


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
def test_failed_step_is_explained_in_one_line(places, output, message):
    with pytest.raises(SetupError, match=message) as error:
        failing_step(output)
    assert '\n' not in str(error.value)
    assert output.splitlines()[-1] in places.LOG.read_text()
