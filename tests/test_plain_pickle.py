"""Pickles are read without their code: plain types and arrays as they were, all else refused by name."""

import pickle
import struct
import tracemalloc
from collections import OrderedDict, defaultdict
from pathlib import PurePosixPath

import numpy as np
import pytest
from hostile_files import RunsCode

from swin3d_mmdet3d import plain_pickle
from swin3d_mmdet3d.plain_pickle import load_plain_pickle

shared = [1, 2]
CONTENT = dict(
    texts=['a', 'Stühle', b'\x00\xff', bytearray(b'ab'), ''],
    numbers=[0, -1, 2**70, 1.5, float('inf'), True, None, 2 - 3j],
    nests=[(1,), (1, (2, {3: [4]})), {5, 6}, frozenset({7}), OrderedDict(b=1, a=2)],
    shared=[shared, shared],
    arrays=[
        np.arange(6).reshape(2, 3),
        np.asfortranarray(np.arange(6, dtype=np.float32).reshape(2, 3)),
        np.zeros((0, 4)),
        np.array(3.5),
        np.array(['wall', 'floor']),
        np.array([b'ab', b'c']),
        np.array([True, False]),
        np.arange(4, dtype='>i2'),
        np.arange(4, dtype=np.float16)[::-1],
        np.array([1 + 2j]),
        np.zeros(0, bool),
    ],
    scalars=[np.float32(0.1), np.int64(-3), np.bool_(True), np.str_('x')],
)
protocols = pytest.mark.parametrize('protocol', range(2, 6))


def check_same(one, other):
    if isinstance(other, np.ndarray):
        assert type(one) is np.ndarray and one.flags.writeable and one.dtype == other.dtype
        np.testing.assert_array_equal(one, other, strict=True)
    elif isinstance(other, dict):
        assert list(one) == list(other)
        for key in other:
            check_same(one[key], other[key])
    elif isinstance(other, (list, tuple)):
        assert type(one) is type(other) and len(one) == len(other)
        for part, whole in zip(one, other):
            check_same(part, whole)
    else:
        assert type(one) is type(other) and one == other


@protocols
def test_plain_content_comes_back_as_it_was(protocol):
    got = load_plain_pickle(pickle.dumps(CONTENT, protocol))
    check_same(got, CONTENT)
    assert got['shared'][0] is got['shared'][1]


@protocols
def test_arrays_of_objects_come_back_where_the_objects_are_plain(protocol):
    array = np.empty((2, 2), object)
    array[:] = [[1, 'a'], [None, 2.5]]
    array[1, 0] = np.arange(3)
    got = load_plain_pickle(pickle.dumps([array], protocol))[0]
    assert got.dtype == object and got.shape == (2, 2) and got[0].tolist() == [1, 'a'] and got[1, 1] == 2.5
    np.testing.assert_array_equal(got[1, 0], np.arange(3))


@protocols
def test_code_is_refused_by_name_and_does_not_run(tmp_path, protocol):
    for content in ([RunsCode(tmp_path / 'ran')], np.array([RunsCode(tmp_path / 'ran')], object)):
        with pytest.raises(ValueError, match='it names (pathlib|__builtin__|builtins|_operator|operator)'):
            load_plain_pickle(pickle.dumps(content, protocol))
    assert not (tmp_path / 'ran').exists()


@pytest.mark.parametrize(
    'content', [PurePosixPath('a'), defaultdict(list), np.random.default_rng(0), range(3), int]
)
def test_objects_are_refused_by_name(content):
    with pytest.raises(ValueError, match='it names '):
        load_plain_pickle(pickle.dumps([content], 4))


HOSTILE = {
    'a call of what is not in the table': b'cos\nsystem\n(Vtrue\ntR.',
    'an attribute of what is': b'\x80\x04\x8c\x05numpy\x8c\x13ndarray.__reduce_ex__\x93.',
    'an instance by its old operator': b'(ios\nsystem\n.',
    'a state for a list': b'](Vx\nVy\ntb.',
    'a state for a table entry': b'cnumpy\nndarray\n}(Vx\nVy\nub.',
    'a persistent id': b'Px\n.',
    'an extension code': b'\x82\x01.',
    'bytes by their number': b'c__builtin__\nbytes\n(I1000000000000\ntR.',
    'a byte array by its number': b'c__builtin__\nbytearray\n(I1000000000000\ntR.',
    'another type of array': b'cnumpy.core.multiarray\n_reconstruct\n(c__builtin__\nset\n(I0\ntVb\ntR.',
    'an array of a terabyte': b'cnumpy.core.multiarray\n_reconstruct\n(cnumpy\nndarray\n'
    b'(I1000000000000\ntVb\ntR.',
    'a list within itself': b']q\x00h\x00a.',
    'nests': b'(' * 100_000 + b't' * 100_000 + b'.',
    'a function as a value': b'c_codecs\nencode\n.',
    'no end': b']',
    'nothing': b'',
    'a text': b'hello',
    'bytes behind the end': pickle.dumps([1]) + b'x',
}


@pytest.mark.parametrize('name', HOSTILE)
def test_hostile_pickles_are_refused(name):
    with pytest.raises(ValueError):
        load_plain_pickle(HOSTILE[name])


def test_dtypes_with_offsets_are_refused():
    """NumPy reads and writes wherever the offsets of a pickled dtype point."""
    data = pickle.dumps(np.zeros(3, np.dtype([('a', 'i4'), ('b', 'f8')])), 2)
    with pytest.raises(ValueError, match='is not plain'):
        load_plain_pickle(data)
    lying = pickle.dumps(np.arange(4, dtype='i4'), 2).replace(b'K\x04\x85', b'K\xff\x85')
    with pytest.raises(ValueError, match='an array has not the 1020 bytes of its shape'):
        load_plain_pickle(lying)


def test_ten_bytes_set_no_gigabytes_aside():
    """The unpickler in C makes a table of twice as many places as the number of a memo."""
    tracemalloc.start()
    assert load_plain_pickle(b'Nr' + struct.pack('<I', 1 << 24) + b'.') is None
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 1 << 20


def test_lists_of_lists_of_one_list_are_refused(monkeypatch):
    nest = [0]
    for _ in range(30):
        nest = [nest] * 10
    with pytest.raises(ValueError, match='unfolds to more than 100,000,000 values'):
        load_plain_pickle(pickle.dumps(nest))
    monkeypatch.setattr(plain_pickle, 'MAX_VALUES', 9)
    with pytest.raises(ValueError, match='more than 9 values'):
        load_plain_pickle(pickle.dumps(np.zeros(9)))
    assert load_plain_pickle(pickle.dumps([0] * 8)) == [0] * 8
