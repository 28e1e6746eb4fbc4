"""Any arrays and texts become a scan of sense or are refused by name; what is written comes back."""

import warnings
from functools import partial

import numpy as np
import pytest
import scan_writers as writers
from damaged_scans import FORMATS, assert_sensible
from for_all import REFUSED, for_all, outcome
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from junk import NUMBERS, arrays, float_of

from swin3d_mmdet3d.scan_files import ScanFrame, doubts, known_colors, make_scan, read_scan, scan_of_arrays
from swin3d_mmdet3d.scan_files.scan import FARTHEST
from swin3d_mmdet3d.visualization import write_ply

SOME = st.one_of(st.none(), arrays(columns=st.just(3)), arrays())
NAMES = ('xyz', 'color', 'normal', 'label', 'others')
WORDS = st.sampled_from(
    '0 1 2 -1 3.5 1e9 nan inf -inf 1e400 x y z r g b nx ny nz label , ; # // 255 128 17 " ä'.split()
    + ['\t', ' ', '\n', '\n', '\n', '\r\n']
)
COLUMNS = ''.join(f'property float {axis}\n' for axis in 'xyz')
PLY = 'ply\nformat ascii 1.0\nelement vertex {}\n' + COLUMNS + 'end_header\n'
PCD = 'FIELDS x y z\nSIZE 4 4 4\nTYPE F F F\nCOUNT 1 1 1\nWIDTH {0}\nHEIGHT 1\nPOINTS {0}\nDATA ascii\n'
HEADS = {
    '.txt': ['', 'x y z\n', 'x,y,z,label\n', '2\n'],
    '.csv': ['', 'x;y;z\n', 'X,Y,Z,R,G,B\n'],
    '.pts': ['', '3\n'],
    '.ply': [PLY.format(rows) for rows in (0, 1, 2)],
    '.pcd': [PCD.format(rows) for rows in (0, 1, 2)],
    '.obj': ['', 'v 0 0 0\nv 1 0 0\nv 0 1 0\n', 'v '],
    '.stl': ['solid a\n', 'solid\nfacet normal 0 0 1\n'],
}
WRITERS = {
    name: write
    for name, write in FORMATS.items()
    if not name.startswith(('format', 'stations', 'mesh', 'binary.stl', 'ascii.stl'))
}


@for_all(xyz=st.one_of(arrays(columns=st.just(3)), arrays()), color=SOME, normal=SOME, label=SOME)
def test_arrays_become_a_scan_of_sense_or_are_refused_by_name(xyz, color, normal, label):
    with warnings.catch_warnings():
        warnings.simplefilter('error', RuntimeWarning)
        scan = outcome(lambda: make_scan(xyz, color, normal, label), *NAMES)
    if scan is REFUSED:
        return
    assert_sensible(scan)
    numbers = np.asarray(xyz, dtype=np.float64)
    with np.errstate(invalid='ignore'):
        usable = (np.abs(numbers) < FARTHEST).all(axis=1)
    np.testing.assert_array_equal(scan.xyz, numbers[usable])
    rows = scan.in_rows(np.arange(len(scan)), -1)
    np.testing.assert_array_equal(rows[usable], np.arange(len(scan)))
    assert (rows[~usable] == -1).all() and len(rows) == len(numbers)
    again = make_scan(scan.xyz, scan.color, scan.normal, scan.label)
    np.testing.assert_array_equal(again.xyz, scan.xyz)


@for_all(
    given=st.dictionaries(
        st.sampled_from(['points', 'xyz', 'rgb', 'Color', 'normal', 'label', 'names', 'odd', 3]),
        arrays(),
        max_size=4,
    )
)
def test_named_arrays_become_a_scan_of_sense_or_are_refused(given):
    names = ('array', 'column', 'expected', 'empty', *NAMES)
    scan = outcome(lambda: scan_of_arrays(given), *names)
    if scan is not REFUSED:
        assert_sensible(scan)


@for_all(kind=st.sampled_from(sorted(HEADS)), head=st.integers(0, 3), words=st.lists(WORDS, max_size=40))
def test_texts_of_any_words_are_read_or_refused_by_the_name_of_the_file(kind, head, words, folder):
    heads = HEADS[kind]
    path = folder / f'scan{kind}'
    path.write_bytes((heads[head % len(heads)] + ' '.join(words)).encode())
    scan = outcome(lambda: read_scan(path), path.name)
    if scan is not REFUSED:
        assert_sensible(scan)


@for_all(
    kind=st.sampled_from('.ply .pcd .npy .npz .bin .las .laz .e57 .glb .stl'.split()),
    head=st.sampled_from([b'', b'ply\n', b'\x93NUMPY\x01\x00', b'PK\x03\x04', b'LASF', b'ASTM-E57', b'glTF']),
    rest=st.binary(max_size=120),
)
def test_bytes_are_read_or_refused_by_the_name_of_the_file(kind, head, rest, folder):
    path = folder / f'scan{kind}'
    path.write_bytes(head + rest)
    with warnings.catch_warnings():
        warnings.simplefilter('ignore')
        scan = outcome(lambda: read_scan(path), path.name)
    if scan is not REFUSED:
        assert_sensible(scan)


@for_all(name=st.sampled_from(sorted(WRITERS)), points=st.integers(24, 40), seed=st.integers(0, 2**31 - 1))
def test_every_format_gives_back_what_was_written(name, points, seed, folder):
    arrays = writers.a_scan(points, seed)
    WRITERS[name](folder / name, *arrays)
    scan = read_scan(folder / name)
    np.testing.assert_array_equal(scan.xyz, arrays[0].astype(np.float64))
    np.testing.assert_array_equal(scan.color, arrays[1])


@for_all(
    xyz=hnp.arrays(np.float64, st.tuples(st.integers(1, 6), st.just(3)), elements=st.floats(-1e15, 1e15)),
    seed=st.integers(0, 999),
    names=st.lists(st.text(max_size=8), max_size=4),
)
def test_a_labelled_ply_comes_back(xyz, seed, names, folder):
    rng = np.random.default_rng(seed)
    color, label = rng.integers(0, 256, xyz.shape), rng.integers(0, max(1, len(names)), len(xyz))
    write_ply(folder / 'a.ply', xyz, color, label, names)
    scan = read_scan(folder / 'a.ply')
    np.testing.assert_array_equal(scan.xyz, xyz)
    np.testing.assert_array_equal(scan.color, color)
    np.testing.assert_array_equal(scan.label, label)


@for_all(
    scale=NUMBERS.map(float_of),
    up=st.sampled_from(['x', 'y', 'z', '-x', '-y', '-z', 'up']),
    seed=st.integers(0, 999),
)
def test_frames_turn_there_and_back(scale, up, seed):
    frame = outcome(partial(ScanFrame, scale, up), 'unit_scale', 'up')
    if frame is REFUSED:
        return
    xyz, rgb, normal = writers.a_scan(30, seed)
    scan = make_scan(xyz, rgb, normal)
    upright = outcome(lambda: frame.upright(scan), 'xyz')
    if upright is REFUSED or not 1e-9 < scale < 1e9:
        return
    np.testing.assert_allclose(frame.own_points(upright.xyz), scan.xyz, atol=1e-12)
    np.testing.assert_allclose(upright.xyz[:, 2], scale * (scan.xyz @ normal_of(up)), atol=1e-9 * scale)
    assert all(isinstance(told, str) and told for told in doubts(upright, 0.05))
    assert known_colors(scan) is scan.color


def normal_of(up):
    """The unit vector of an axis such as -y."""
    return np.eye(3)['xyz'.index(up[-1])] * (-1 if up.startswith('-') else 1)


@pytest.mark.parametrize('name', ['xyz', 'color', 'normal'])
def test_a_single_value_is_no_column(name):
    with pytest.raises(ValueError, match=f'{name}: expected a row for each point, got a single value'):
        make_scan(**{'xyz': np.zeros((1, 3)), name: np.array(3.0)})


def test_labels_are_numbers_or_names():
    with pytest.raises(ValueError, match='label: expected numbers or names'):
        make_scan(np.zeros((2, 3)), label=np.array([[], None], dtype=object))
    assert make_scan(np.zeros((2, 3)), label=np.array(['b', 'a'], dtype=object)).label_names == ('a', 'b')


def test_truth_values_are_no_table_of_points():
    with pytest.raises(ValueError, match='got an array of shape .1, 6. and bool'):
        scan_of_arrays(dict(points=np.zeros((1, 6), dtype=bool)))
