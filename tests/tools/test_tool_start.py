"""Ctrl-C while a tool's imports run: one line and 130. A program that imports the package keeps its signals.

The signal is sent as soon as a module has been imported, which Python tells (`-X importtime`): delays would
be other ones on every machine. Before Python has come to this package, which cannot be helped, Ctrl-C ends it
with a traceback.
"""

import signal
import subprocess
import sys

import pytest

from swin3d_mmdet3d.tool_start import exit_at_interrupt, raise_at_interrupt
from swin3d_mmdet3d.tools.mistakes import run_tool

TOOLS = ('train', 'predict', 'make_rooms')
EARLY = 'swin3d_mmdet3d.dependency_versions'
STAGES = (EARLY, 'numpy', 'torch', 'mmcv', 'mmdet3d', 'swin3d_mmdet3d.tools.mistakes')


@pytest.fixture(autouse=True)
def interruptible():
    """Ctrl-C is not ignored, as it is in workers of pytest-xdist and in what they start."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def started(*words, **options):
    """A process of Python that tells its imports on the error output."""
    command = [sys.executable, '-X', 'importtime', *words]
    return subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True, **options)


def interrupted(process, module):
    """Status and last lines of a process that gets SIGINT once it has imported a module."""
    for line in process.stderr:
        if line.split('|')[-1].strip() == module:
            process.send_signal(signal.SIGINT)
            break
    else:
        raise AssertionError(f'{module} was never imported')
    rest = process.communicate(timeout=60)[1]
    return process.returncode, [line for line in rest.splitlines() if not line.startswith('import time:')]


def cases():
    """Every stage of training, and for the other tools one of a package that tries optional ones."""
    yield pytest.param('train', EARLY)
    for stage in STAGES[1:]:
        yield pytest.param('train', stage, marks=pytest.mark.slow)
    for tool in TOOLS[1:]:
        yield pytest.param(tool, 'torch', marks=pytest.mark.slow)


@pytest.mark.parametrize(('tool', 'stage'), cases())
def test_an_interruption_of_the_imports_is_one_line(tool, stage):
    process = started('-m', f'swin3d_mmdet3d.tools.{tool}', 'nothing')
    assert interrupted(process, stage) == (130, ['interrupted'])


@pytest.mark.parametrize('own', [signal.SIG_IGN, signal.SIG_DFL, print], ids=['ignored', 'default', 'caught'])
def test_a_signal_that_the_caller_has_set_stays_so(own):
    signal.signal(signal.SIGINT, own)
    for change in (exit_at_interrupt, raise_at_interrupt):
        change()
        assert signal.getsignal(signal.SIGINT) is own


def test_a_tool_that_runs_raises_at_interruptions():
    exit_at_interrupt()
    assert run_tool(lambda words: signal.raise_signal(signal.SIGINT), []) == 130
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


@pytest.mark.slow
def test_a_program_that_imports_the_package_keeps_its_signals(tmp_path):
    folder = tmp_path / 'my_package'
    folder.mkdir()
    (folder / '__init__.py').write_text('import swin3d_mmdet3d\n')
    (folder / 'train.py').write_text(
        'import signal\nassert signal.getsignal(signal.SIGINT) is signal.default_int_handler\n'
    )
    subprocess.run([sys.executable, '-m', 'my_package.train'], cwd=tmp_path, check=True)
