"""A file that cannot be written ends a command in one line that names it, and leaves nothing half-written."""

import logging
import resource
from contextlib import contextmanager

import pytest
import torch
from official_swin3d import tensors

from swin3d_mmdet3d.tools import convert_checkpoint, make_rooms, publish_model
from swin3d_mmdet3d.tools.mistakes import run_tool

ROOMS = ['--rooms', '1', '--points', '1000', '--workers', '1']


@contextmanager
def full_disk(size=20_000):
    """Files may have no more bytes than this."""
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, limits[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)


@pytest.fixture(scope='module')
def official(tmp_path_factory):
    path = tmp_path_factory.mktemp('official') / 'official.pth'
    torch.save({'state_dict': tensors('tiny_rgb', 'weight')}, path)
    return str(path)


@pytest.fixture
def command(official, tmp_path):
    """A command's main function and its words, that write to a path."""

    def words(name, target):
        return {
            'convert_checkpoint': (convert_checkpoint.main, [official, str(target)]),
            'convert to safetensors': (convert_checkpoint.main, [official, f'{target}.safetensors']),
            'publish_model': (publish_model.main, [official, str(target)]),
            'make_rooms': (make_rooms.main, ['--out', str(target), *ROOMS]),
        }[name]

    return words


COMMANDS = ('convert_checkpoint', 'convert to safetensors', 'publish_model', 'make_rooms')


@pytest.fixture
def told(monkeypatch, capfd):
    """Runs a command that fails; the lines that it logs and writes, of which the last one tells why."""
    lines = []
    monkeypatch.setattr(
        logging.StreamHandler, 'emit', lambda handler, record: lines.append(record.getMessage())
    )

    def run(main, words):
        assert run_tool(main, words) == 1
        lines.extend(line for line in capfd.readouterr().err.splitlines() if line.strip())
        assert 'Traceback' not in '\n'.join(lines) and '\n' not in lines[-1]
        return lines[-1]

    return run


def parts(folder):
    return [path for path in folder.rglob('*') if '.part' in path.name]


@pytest.mark.parametrize('name', COMMANDS)
def test_a_full_disk(name, command, tmp_path, told):
    (tmp_path / 'out').mkdir()
    with full_disk():
        line = told(*command(name, tmp_path / 'out' / 'a'))
    assert 'File too large' in line and not parts(tmp_path)
    assert not [path for path in (tmp_path / 'out').rglob('*.pth')]


@pytest.mark.parametrize('name', COMMANDS)
def test_a_file_where_the_folder_should_be(name, command, tmp_path, told):
    (tmp_path / 'out').write_text('mine')
    line = told(*command(name, tmp_path / 'out' / 'a'))
    assert str(tmp_path / 'out') in line and (tmp_path / 'out').read_text() == 'mine'


@pytest.mark.parametrize('name', COMMANDS)
def test_a_name_that_is_too_long(name, command, tmp_path, told):
    line = told(*command(name, tmp_path / ('a' * 300)))
    assert 'File name too long' in line and not [*tmp_path.iterdir()]


@pytest.mark.parametrize('name', COMMANDS)
def test_a_name_of_240_characters_is_none_too_many(name, command, tmp_path):
    main, words = command(name, tmp_path / ('a' * 240))
    assert run_tool(main, words) == 0
    assert all(path.name.startswith('a' * 240) for path in tmp_path.iterdir()) and not parts(tmp_path)
