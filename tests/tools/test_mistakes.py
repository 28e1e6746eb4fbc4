"""Mistakes end in one line, faults of the program in a traceback."""

import numpy as np
import pytest

from swin3d_mmdet3d.tools.mistakes import mistake, run_tool


def raising(error):
    def main(words):
        raise error

    return main


@pytest.mark.parametrize(
    'error, told',
    [
        (ValueError('x:\n  expected 1,\n  got 2'), 'x: expected 1, got 2'),
        (ValueError('class `A` in a/b.py: class `B` in c.py: b must be 1'), 'b must be 1'),
        (
            ValueError(
                'Caught ValueError in DataLoader worker process 0.\nOriginal Traceback (most):\n'
                '  File "x.py", line 3, in f\n    raise ValueError\nValueError: room.bin is missing\n'
            ),
            'room.bin is missing',
        ),
        (FileNotFoundError(2, 'No such file or directory', 'a.py'), 'a.py: No such file or directory'),
        (OSError(28, 'No space left on device', '/out/x.ply'), '/out/x.ply: No space left on device'),
        (
            RuntimeError('CUDA out of memory. Tried to allocate 2 GiB'),
            'the GPU has too little memory: CUDA out of',
        ),
        (RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried"), 'the machine has too little'),
        (MemoryError('Unable to allocate 9. GiB for an array'), 'a smaller batch_size'),
        (MemoryError(), 'the machine has too little memory: out of memory'),
        (
            KeyError('VoxelSegmenter is not in the mmdet3d::model registry. Please'),
            'did you mean VoxelSegmentor',
        ),
        (
            TypeError("class `A` in a/b.py: A.__init__() got an unexpected keyword argument 'radius'"),
            "unexpected keyword argument 'radius'; _delete_=True in the config's dict of A drops",
        ),
        (
            KeyError('`cfg` or `default_args` must contain the key "type", but got {\'a\': 1}\nNone'),
            "a dict of the config must have a type, got {'a': 1}",
        ),
        (KeyError('Xyzzy is not in the mmdet3d::model registry. Please'), 'custom_imports'),
    ],
)
def test_a_mistake_is_told_in_the_last_line(error, told, capsys):
    assert run_tool(raising(error), []) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith('error: ') and told in line


@pytest.mark.parametrize(
    'fault',
    [lambda: 1 + 'a', lambda: np.zeros(3) + np.zeros(4), lambda: int('x'), lambda: {}['a'], lambda: [][1]],
)
def test_a_fault_of_the_program_keeps_its_traceback(fault, capsys):
    with pytest.raises((TypeError, ValueError, LookupError)):
        run_tool(lambda words: fault(), [])
    assert capsys.readouterr().err == ''


def test_a_variable_shows_where_a_mistake_was_raised(monkeypatch):
    monkeypatch.setenv('SWIN3D_TRACEBACK', '1')
    with pytest.raises(ValueError, match='x must be 1'):
        run_tool(raising(ValueError('x must be 1')), [])


@pytest.mark.parametrize('status, expected', [(None, 0), (0, 0), (1, 1)])
def test_the_status_of_a_tool_is_its_own(status, expected):
    assert run_tool(lambda words: status, []) == expected


def test_an_interruption_is_no_error(capsys):
    assert run_tool(raising(KeyboardInterrupt()), []) == 130
    assert capsys.readouterr().err == 'interrupted\n'


@pytest.mark.parametrize(('stop', 'status'), [(KeyboardInterrupt(), 130), (SystemExit(143), 143)])
def test_a_stop_that_other_code_catches_and_goes_on_from_is_one(stop, status, capsys):
    def main(words):
        try:
            raise stop
        except:  # noqa: E722  as yapf, which formats configs
            raise SyntaxError('the config cannot be formatted')  # noqa: B904

    if isinstance(stop, KeyboardInterrupt):
        assert run_tool(main, []) == status
        assert capsys.readouterr().err == 'interrupted\n'
        return
    with pytest.raises(SystemExit) as end:
        run_tool(main, [])
    assert end.value.code == status


def test_errors_that_nobody_raised_from_are_told():
    assert mistake(ValueError('plain')) == 'plain'
