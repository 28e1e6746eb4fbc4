"""A damaged or lying scan file is refused by name at no cost of memory, or read as a scan of sense."""

import io
import random
import tracemalloc
import warnings
import zipfile
from contextlib import contextmanager
from functools import partial

import numpy as np
import pytest
import scan_writers as writers
from damaged_scans import FORMATS, assert_sensible, damaged
from file_situations import check_situation

from swin3d_mmdet3d.scan_files import READERS, read_scan
from swin3d_mmdet3d.scan_files.lzf import decompress

PAIR = np.zeros((2, 3))
BILLIONS = b'4000000000'
BEYOND_64_BITS = b'9' * 30


def changed(writer, old, new):
    """Writes a whole file in which `new` then takes the place of `old`."""

    def write(path):
        writer(path, *writers.a_scan())
        data = path.read_bytes()
        assert old in data
        path.write_bytes(data.replace(old, new, 1))

    return write


ply = partial(changed, writers.write_ply_file)
ascii_ply = partial(changed, partial(writers.write_ply_file, text=True))
pcd = partial(changed, writers.write_pcd_file)
lzf_pcd = partial(changed, partial(writers.write_pcd_file, encoding='binary_compressed'))
npy = partial(changed, writers.write_npy_file)


def npz(**arrays):
    return lambda path: np.savez(path, **arrays)


def table(*rows):
    return lambda path: np.save(path, np.array(rows))


def text(content):
    return lambda path: path.write_text(content)


def ascii_pcd(row='1 2 3', fields='x y z', sizes='4 4 4', kinds='F F F', counts=None, size='POINTS 1'):
    counts = counts or ' '.join('1' for _ in fields.split())
    header = f'VERSION 0.7\nFIELDS {fields}\nSIZE {sizes}\nTYPE {kinds}\nCOUNT {counts}\n'
    return text(f'{header}{size}\nDATA ascii\n{row}\n')


def npy_bytes():
    buffer = io.BytesIO()
    np.save(buffer, PAIR)
    return buffer.getvalue()


def npz_of_billions(path):
    with zipfile.ZipFile(path, 'w') as archive:
        archive.writestr('xyz.npy', npy_bytes().replace(b'(2, 3)', b'(%s, 3)' % BILLIONS, 1))


def flipped_npz(path):
    np.savez_compressed(path, xyz=np.zeros((200, 3)))
    data = bytearray(path.read_bytes())
    data[60] ^= 255  # within the deflated data
    path.write_bytes(data)


# Headers that promise more than the file holds.
LIES = {
    'binary.ply': ply(b'vertex 40', b'vertex ' + BILLIONS),
    'ascii.ply': ascii_ply(b'vertex 40', b'vertex ' + BILLIONS),
    'beyond.ply': ascii_ply(b'vertex 40', b'vertex ' + BEYOND_64_BITS),
    'faces.ply': ascii_ply(b'face 1', b'face ' + BILLIONS),
    'a.npy': npy(b'(40, 9)', b'(%s, 9)' % BILLIONS),
    'beyond.npy': npy(b'(40, 9)', b'(%s, 9)' % BEYOND_64_BITS),
    'a.npz': npz_of_billions,
    'binary.pcd': pcd(b'POINTS 40', b'POINTS ' + BILLIONS),
    'compressed.pcd': lzf_pcd(b'POINTS 40', b'POINTS ' + BILLIONS),
    'ascii.pcd': ascii_pcd(size=f'POINTS {BILLIONS.decode()}'),
    'columns.pcd': pcd(b'COUNT 1', b'COUNT ' + BILLIONS),
}
FAULTS = {
    'minus.ply': (ascii_ply(b'vertex 40', b'vertex -1'), 'expected a number of rows'),
    'half.ply': (ascii_ply(b'property float nx', b'property'), 'not a whole PLY'),
    'few.npy': (npy(b'(40, 9)', b'(10, 9)'), 'promises 360 bytes of data, more follow'),
    'minus.npy': (npy(b'(40, 9)', b'(-1, 9)'), 'of shape'),
    'brackets.npy': (npy(b"{'descr'", b'{((((((('), 'not a whole NumPy'),
    'dtype.npy': (npy(b"'<f4'", b'0    '), 'not a whole NumPy'),
    'objects.npy': (table(None), 'expected an array of numbers or texts'),
    'flipped.npz': (flipped_npz, 'not a whole'),
    'renamed.npz': (lambda path: path.write_bytes(npy_bytes()), 'archive: File is not a zip file'),
    'words.npz': (npz(xyz=PAIR, rgb=np.full((2, 3), 'a')), 'color: expected numbers'),
    'complex.npz': (npz(xyz=PAIR, normal=PAIR * 1j), 'normal: expected numbers'),
    'minus.pcd': (ascii_pcd(size='POINTS -1'), 'POINTS must not be negative'),
    'minus_width.pcd': (ascii_pcd(size='WIDTH -1\nHEIGHT 1'), 'WIDTH x HEIGHT must not be negative'),
    'no_x.pcd': (ascii_pcd('2 3', counts='0 1 1'), 'expected fields x, y, z'),
    'float8.pcd': (ascii_pcd(sizes='1 1 1'), 'TYPE F, SIZE 1'),
    'word.pcd': (ascii_pcd('1 2 x'), 'PCD field z'),
    # Labels of which int64 would make others.
    'label.pcd': (ascii_pcd('1 2 3 1e30', 'x y z label', '4 4 4 4', 'F F F U'), 'label: .* fit uint32'),
    'index.obj': (text('v 0 0 0\nf 1 1 99999999999999999999'), "f: expected indices of at most .* got '9999"),
    'far.npy': (table([0, -1e155, 0]), r'below 2\^53, .* got 1e\+155 in row 0'),
}


@contextmanager
def little_memory(most):
    """Fails when the block sets more than `most` bytes aside at a time."""
    tracemalloc.start()
    try:
        yield
        assert tracemalloc.get_traced_memory()[1] < most
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize('name', FAULTS)
def test_a_fault_is_told_with_the_name_of_the_file(name, tmp_path):
    write, message = FAULTS[name]
    write(tmp_path / name)
    check_situation(tmp_path / name, message)


@pytest.mark.parametrize('name', LIES)
def test_a_header_that_promises_too_much_is_refused_before_memory_is_set_aside(name, tmp_path):
    LIES[name](tmp_path / name)
    with little_memory(4 << 20), pytest.raises(ValueError, match='promises') as error:
        read_scan(tmp_path / name)
    assert name in str(error.value)


def test_arrays_that_a_scan_has_no_use_for_are_not_read(tmp_path):
    np.savez_compressed(tmp_path / 'a.npz', xyz=np.ones((2, 3)), other=np.zeros(1 << 22))
    with little_memory(4 << 20):
        assert len(read_scan(tmp_path / 'a.npz')) == 2


def test_lzf_stops_at_the_size_it_was_told():
    bomb = bytes([0, 0]) + bytes([7 << 5, 255, 0]) * 100_000
    with little_memory(1 << 16), pytest.raises(ValueError, match='give more bytes, expected 9'):
        decompress(bomb, 9)


def test_a_long_word_costs_its_own_length_alone(tmp_path):
    ascii_pcd('\n'.join(['1 2 3'] * 5000 + ['1 2 ' + '0' * 20_000]), size='POINTS 5001')(tmp_path / 'a.pcd')
    with little_memory(16 << 20):
        assert read_scan(tmp_path / 'a.pcd').xyz[-1].tolist() == [1, 2, 0]


@pytest.mark.parametrize('error', [PermissionError(13, 'not yours'), OSError(5, 'bad block'), OSError('odd')])
def test_errors_of_the_disk_keep_their_kind_and_name_the_file(error, tmp_path, monkeypatch):
    (tmp_path / 'a.bin').write_bytes(b'')

    def fail(path):
        raise error

    monkeypatch.setitem(READERS, '.bin', fail)
    with pytest.raises(type(error), match=str(error.args[-1])) as raised:
        read_scan(tmp_path / 'a.bin')
    assert raised.value.errno == error.errno and 'a.bin' in str(raised.value)


def test_the_largest_labels_stay_the_same(tmp_path):
    label = np.array([2**63 - 1, -(2**63)])
    np.savez(tmp_path / 'a.npz', xyz=PAIR, label=label)
    np.testing.assert_array_equal(read_scan(tmp_path / 'a.npz').label, label)


@pytest.mark.slow
@pytest.mark.parametrize('name', FORMATS)
def test_random_damage_is_refused_by_name_or_leaves_a_sensible_scan(name, tmp_path, cases=300):
    path, rng, refused = tmp_path / name, random.Random(name), 0
    FORMATS[name](path, *writers.a_scan())
    whole = path.read_bytes()
    for _ in range(cases):
        path.write_bytes(damaged(whole, rng))
        try:
            with warnings.catch_warnings():
                warnings.simplefilter('ignore')
                assert_sensible(read_scan(path))
        except (ValueError, OSError) as error:
            assert name in str(error)
            refused += 1
    assert refused > cases / 10
