"""The help of every tool comes at once, and names every choice."""

import ast
import importlib
import os
import resource
import subprocess
import sys
from pathlib import Path

import pytest

from swin3d_mmdet3d.tools.command_line import OneOf

ROOT = Path(__file__).parents[2]
TOOLS = sorted(p.stem for p in (ROOT / 'swin3d_mmdet3d' / 'tools').glob('*.py') if p.stem != '__init__')
COMMANDS = [tool for tool in TOOLS if tool not in ('command_line', 'mistakes')]
LIGHT = {'numpy', 'terminaltables', 'mmengine.config', 'mmengine.logging', 'mmengine.utils'}
LIGHT |= {
    f'swin3d_mmdet3d.{name}'
    for name in (
        'atomic_write',
        'help_only',
        'shipped_models',
        'memory_shortage',
        'one_of_many',
        'optional_packages',
        'pickle_trust',
        'stop_signals',
        'tool_start',
    )
}
MOST_SECONDS = 1.5


def imported_at_once(path):
    """Names of the modules that a tool imports however it is started."""
    for node in ast.parse(path.read_text()).body:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            below = {0: '', 1: 'swin3d_mmdet3d.tools.', 2: 'swin3d_mmdet3d.'}[node.level]
            yield f'{below}{node.module}'


@pytest.mark.parametrize('tool', TOOLS)
def test_what_takes_seconds_is_not_imported_for_help(tool):
    for module in imported_at_once(ROOT / 'swin3d_mmdet3d' / 'tools' / f'{tool}.py'):
        is_light = module in LIGHT or module.startswith('swin3d_mmdet3d.tools.')
        assert is_light or module.partition('.')[0] in sys.stdlib_module_names, (
            f'{tool} imports {module}: put it below `if not HELP_ONLY:`'
        )


@pytest.mark.parametrize('tool', COMMANDS)
def test_help_names_every_choice(tool, capsys, monkeypatch):
    monkeypatch.setenv('COLUMNS', '400')  # no line ends within a word
    module, made = importlib.import_module(f'swin3d_mmdet3d.tools.{tool}'), []

    class Recorded(OneOf):
        def __init__(self, *args):
            super().__init__(*args)
            made.append(self)

    if hasattr(module, 'OneOf'):
        monkeypatch.setattr(module, 'OneOf', Recorded)
    with pytest.raises(SystemExit) as stop:
        module.parse_arguments(['--help'])
    told = capsys.readouterr().out
    assert stop.value.code == 0 and told.startswith('usage: ')
    words = told.replace(',', ' ').split()
    for option in made:
        assert set(option.choices()) <= set(words), (option.choices(), told)


@pytest.mark.slow
@pytest.mark.parametrize('tool', COMMANDS)
def test_help_takes_little_time(tool):
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    command = [sys.executable, '-m', f'swin3d_mmdet3d.tools.{tool}', '--help']
    environment = dict(os.environ, PYTHONPATH=os.pathsep.join([str(ROOT), str(ROOT / 'ops')]))
    told = subprocess.run(command, env=environment, cwd=ROOT, capture_output=True, text=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert told.returncode == 0 and told.stdout.startswith('usage: '), told.stderr
    seconds = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    assert seconds < MOST_SECONDS, f'{seconds:.2f} s'
