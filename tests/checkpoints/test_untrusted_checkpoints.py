"""Checkpoints from anywhere run no code unless they are trusted, and take no more memory than they hold."""

import functools
import http.server
import io
import pickle
import struct
import threading
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch
from hostile_files import RunsCode, bytes_of, repacked
from mmengine.logging import HistoryBuffer
from mmengine.runner.checkpoint import CheckpointLoader

from swin3d_mmdet3d.checkpoints import (
    CheckpointError,
    checked_checkpoints,
    load_checkpoint,
    read_checkpoint,
)
from swin3d_mmdet3d.checkpoints.loader import checkpoint_weights
from swin3d_mmdet3d.checkpoints.writer import write_checkpoint
from swin3d_mmdet3d.pickle_trust import TRUST_VARIABLE, trusts_pickle

WEIGHTS = {'w': torch.arange(6.0).reshape(2, 3)}
zipped_or_not = pytest.mark.parametrize('zipped', [True, False], ids=['zip', 'legacy'])


@pytest.fixture(autouse=True)
def no_trust(monkeypatch):
    monkeypatch.delenv(TRUST_VARIABLE, raising=False)


def written(path, content, zipped=True):
    path.write_bytes(content if isinstance(content, bytes) else bytes_of(content, zipped))
    return path


@zipped_or_not
def test_a_checkpoint_that_runs_code_is_refused_in_one_sentence_that_names_it(tmp_path, zipped):
    witness = tmp_path / 'ran'
    path = written(tmp_path / 'evil.pth', {'state_dict': WEIGHTS, 'meta': RunsCode(witness)}, zipped)
    with pytest.raises(CheckpointError) as refusal:
        read_checkpoint(path)
    text = str(refusal.value)
    assert text.startswith(f'checkpoint {path} names ')
    assert '--trust-pickle' in text and TRUST_VARIABLE in text and '\n' not in text
    assert not witness.exists()


@zipped_or_not
def test_a_trusted_one_is_read_whatever_it_does(tmp_path, zipped, monkeypatch):
    witness = tmp_path / 'ran'
    path = written(tmp_path / 'mine.pth', {'state_dict': WEIGHTS, 'extra': RunsCode(witness)}, zipped)
    monkeypatch.setenv(TRUST_VARIABLE, '1')
    assert torch.equal(read_checkpoint(path)[0]['w'], WEIGHTS['w'])
    assert witness.exists()


def test_trust_is_0_or_1(monkeypatch):
    assert not trusts_pickle()
    for value, trusted in (('', False), ('0', False), ('1', True)):
        monkeypatch.setenv(TRUST_VARIABLE, value)
        assert trusts_pickle() is trusted
    monkeypatch.setenv(TRUST_VARIABLE, 'yes')
    with pytest.raises(ValueError, match="must be 0 or 1, got 'yes'"):
        trusts_pickle()


def call(module, name, *arguments):
    """A pickle of protocol 2 that calls a function with texts or with other functions (module, name)."""
    pickled = b'\x80\x02' + _global(module, name) + b'('
    for argument in arguments:
        text = argument.encode() if isinstance(argument, str) else b''
        pickled += b'X' + struct.pack('<I', len(text)) + text if text else _global(*argument)
    return pickled + b'tR.'


def _global(module, name):
    return f'c{module}\n{name}\n'.encode()


EVIL_CALLS = {
    'system': call('os', 'system', 'true'),
    'posix': call('posix', 'system', 'true'),
    'eval': call('__builtin__', 'eval', '1'),
    'getattr of a module': call('__builtin__', 'getattr', ('os', 'system'), 'x'),
    'getattr of a tensor': call('__builtin__', 'getattr', ('torch', 'Tensor'), 'apply_'),
    'a function of this package': call('swin3d_mmdet3d.atomic_write', 'sweep_parts', '/'),
    'numpy by pickle': call('numpy', 'load', 'x'),
}


@pytest.mark.parametrize('name', EVIL_CALLS)
@zipped_or_not
def test_other_ways_to_code_are_refused_too(tmp_path, name, zipped):
    pickled = b'\x80\x02' + EVIL_CALLS[name]
    if zipped:
        data = repacked(
            bytes_of(WEIGHTS),
            lambda members: [(n, pickled if n.endswith('data.pkl') else c) for n, c in members],
        )
    else:
        data = _legacy(pickled)
    with pytest.raises(CheckpointError, match=r'evil.pth (names|holds what is not plain)'):
        load_checkpoint(written(tmp_path / 'evil.pth', data))


def _legacy(pickled):
    """A bare pickle as torch wrote it before 1.6."""
    file = io.BytesIO()
    for head in (0x1950A86A20F9469CFC6C, 1001, dict(little_endian=True)):
        pickle.dump(head, file, protocol=2)
    return file.getvalue() + pickled + pickle.dumps([], protocol=2)


def buffer(*values):
    made = HistoryBuffer()
    for value in values:
        made.update(value, 2)
    return made


@zipped_or_not
def test_tensors_plain_types_arrays_and_histories_come_back_as_they_were(tmp_path, zipped):
    content = dict(
        state_dict=WEIGHTS,
        message_hub=dict(log_scalars=dict(loss=buffer(1.5, 2.25, -3.0)), resumed_keys={'loss': True}),
        arrays=[np.arange(6).reshape(2, 3), np.float64(0.1), np.array(['a', 'bc']), np.zeros((0, 4), '>i2')],
        columns=np.asfortranarray(np.arange(6.0).reshape(2, 3)),
        objects=np.array([1, 'a', None], object),
        meta=dict(names=('wall', 'Stühle'), bits=b'\x00\xff', flag=True, size=torch.Size([2, 3]), none=None),
    )
    got = load_checkpoint(written(tmp_path / 'a.pth', content, zipped))
    assert torch.equal(got['state_dict']['w'], WEIGHTS['w'])
    assert got['meta'] == content['meta']
    for one, other in zip([*got['arrays'], got['columns']], [*content['arrays'], content['columns']]):
        assert type(one) is type(other) and one.dtype == other.dtype
        np.testing.assert_array_equal(one, other, strict=True)
    assert got['objects'].tolist() == [1, 'a', None]
    history = got['message_hub']['log_scalars']['loss']
    assert type(history) is HistoryBuffer and history.max_length == buffer().max_length
    for one, other in zip(history.data, buffer(1.5, 2.25, -3.0).data):
        np.testing.assert_array_equal(one, other, strict=True)
    assert history.statistics('mean', 2) == buffer(1.5, 2.25, -3.0).statistics('mean', 2)


def test_statistics_of_a_history_are_not_a_way_to_other_attributes(tmp_path):
    """Pickles of histories name builtins.getattr; theirs are min, max, mean and current."""
    history = ('mmengine.logging.history_buffer', 'HistoryBuffer')
    for attribute in ('__init__', '__reduce__', 'register_statistics', 'statistics'):
        path = written(tmp_path / 'a.pth', _legacy(call('__builtin__', 'getattr', history, attribute)))
        with pytest.raises(CheckpointError, match='names builtins.getattr'):
            load_checkpoint(path)
    path = written(tmp_path / 'a.pth', _legacy(call('__builtin__', 'getattr', history, 'min')))
    assert load_checkpoint(path) is None


def test_arrays_cannot_reach_outside_of_their_bytes(tmp_path):
    """NumPy's own unpickling believes offsets of fields and sizes."""
    evil = np.zeros(2, np.dtype([('a', 'i4')]))
    with pytest.raises(CheckpointError, match='is not plain'):
        load_checkpoint(written(tmp_path / 'a.pth', {'w': torch.ones(1), 'a': evil}))


BOMBS = {
    'a tensor larger than the file': lambda: bytes_of({'w': torch.zeros(1).expand(100_000, 100_000)}),
    'packed members': lambda: repacked(bytes_of({'w': torch.zeros(10**6)}), compression=zipfile.ZIP_DEFLATED),
    'a sparse tensor': lambda: bytes_of({'w': torch.zeros(4, 4).to_sparse()}),
    'a member twice': lambda: repacked(bytes_of(WEIGHTS), lambda members: members + members[:1]),
}


@pytest.mark.filterwarnings('ignore:Duplicate name')
@pytest.mark.parametrize('name', BOMBS)
def test_bombs_and_tricks_are_refused(tmp_path, name):
    with pytest.raises(CheckpointError, match='a.pth (is damaged or no checkpoint|holds what is not plain)'):
        load_checkpoint(written(tmp_path / 'a.pth', BOMBS[name]()))


def test_a_storage_of_a_terabyte_is_refused(tmp_path):
    data = bytes_of({'w': torch.zeros(3, 5)}, zipped=False)
    path = written(tmp_path / 'a.pth', data.replace(b'K\x0f', b'\x8a\x06\x00\x00\x00\x00\x00\x01'))
    with pytest.raises(CheckpointError, match='a.pth is damaged or no checkpoint'):
        load_checkpoint(path)


@pytest.mark.parametrize(
    ('content', 'message'),
    [
        (None, 'expected a dict, got NoneType'),
        ([torch.ones(2)], 'expected a dict, got list'),
        ({'state_dict': None}, 'it holds no weights, only state_dict'),
        ({'state_dict': {'a': 1}}, 'it holds no weights'),
        ({'state_dict': {3: torch.ones(2)}}, 'names of weights must be texts, got 3'),
        ({'state_dict': WEIGHTS, 'meta': [1]}, 'meta must be a dict, got list'),
    ],
)
def test_another_layout_is_named(tmp_path, content, message):
    path = written(tmp_path / 'a.pth', content)
    with pytest.raises(ValueError, match=message) as refusal:
        read_checkpoint(path)
    assert str(path) in str(refusal.value)


def test_no_meta_is_an_empty_one(tmp_path):
    assert read_checkpoint(written(tmp_path / 'a.pth', {'state_dict': WEIGHTS, 'meta': None}))[1] == {}


def test_weights_are_found_in_any_mapping():
    assert checkpoint_weights({'module.a': WEIGHTS['w']}, 'x').keys() == {'a'}


def test_a_folder_is_no_file(tmp_path):
    with pytest.raises(ValueError, match='no such file'):
        read_checkpoint(Path(tmp_path))


@pytest.fixture
def web(tmp_path, monkeypatch):
    """The address at which a folder is served."""
    monkeypatch.setenv('no_proxy', '*')
    handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=str(tmp_path))
    monkeypatch.setattr(http.server.SimpleHTTPRequestHandler, 'log_message', lambda *_: None)
    with http.server.ThreadingHTTPServer(('127.0.0.1', 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f'http://127.0.0.1:{server.server_port}'
        server.shutdown()


def test_files_of_the_web_are_read_in_the_same_way(tmp_path, web):
    witness = tmp_path / 'ran'
    write_checkpoint(tmp_path / 'a.pth', {'state_dict': WEIGHTS})
    write_checkpoint(tmp_path / 'a.safetensors', {'state_dict': WEIGHTS})
    for name in ('a.pth', 'a.safetensors', 'a.safetensors?download=true'):
        assert torch.equal(read_checkpoint(f'{web}/{name}')[0]['w'], WEIGHTS['w'])
    written(tmp_path / 'evil.pth', {'state_dict': WEIGHTS, 'meta': RunsCode(witness)})
    with pytest.raises(CheckpointError, match=f'checkpoint {web}/evil.pth names '):
        read_checkpoint(f'{web}/evil.pth')
    with checked_checkpoints(), pytest.raises(CheckpointError, match=f'checkpoint {web}/evil.pth names '):
        CheckpointLoader.load_checkpoint(f'{web}/evil.pth')
    assert not witness.exists()


def test_an_address_of_no_storage_is_named():
    with pytest.raises(CheckpointError, match="checkpoint nowhere://a.pth: no storage 'nowhere' is known"):
        read_checkpoint('nowhere://a.pth')
