"""Every format gives back the arrays that were written; every bad file is named with its fault."""

from functools import partial

import numpy as np
import pytest
import scan_writers as writers
from file_situations import check_situation
from real_data import local_real_data

from swin3d_mmdet3d.scan_files import Scan, make_scan, read_scan, turn_upright
from swin3d_mmdet3d.scan_files.lzf import decompress
from swin3d_mmdet3d.visualization import write_ply

FORMATS = {
    'binary.ply': writers.write_ply_file,
    'big_endian.ply': partial(writers.write_ply_file, byte_order='>'),
    'ascii.ply': partial(writers.write_ply_file, text=True),
    'binary.pcd': writers.write_pcd_file,
    'ascii.pcd': partial(writers.write_pcd_file, encoding='ascii'),
    'compressed.pcd': partial(writers.write_pcd_file, encoding='binary_compressed'),
    'table.npy': writers.write_npy_file,
    'named.npz': writers.write_npz_file,
    'blanks.txt': writers.write_txt_file,
    'commas.xyz': partial(writers.write_txt_file, separator=', ', header='x,y,z,r,g,b,nx,ny,nz'),
    'header.txt': partial(writers.write_txt_file, separator='\t', header='//X Y Z R G B Nx Ny Nz'),
    'rows.bin': writers.write_bin_file,
}


@pytest.mark.parametrize('name', FORMATS)
def test_every_format_gives_back_what_was_written(name, tmp_path):
    xyz, rgb, normal = writers.a_scan()
    FORMATS[name](tmp_path / name, xyz, rgb, normal)
    scan = read_scan(tmp_path / name)
    assert scan.xyz.dtype == np.float64
    np.testing.assert_array_equal(scan.xyz, xyz.astype(np.float64))
    np.testing.assert_array_equal(scan.color, rgb)
    np.testing.assert_array_equal(scan.normal, normal)


def test_rows_of_six_are_told_from_rows_of_nine(tmp_path):
    xyz, rgb, normal = writers.a_scan(points=36)
    for columns in (6, 9):
        table = np.concatenate([xyz, rgb, normal], 1)[:, :columns]
        assert table.nbytes % 24 == 0 and table.nbytes % 36 == 0
        table.tofile(tmp_path / 'both.bin')
        scan = read_scan(tmp_path / 'both.bin')
        np.testing.assert_array_equal(scan.color, rgb)
        assert (scan.normal is not None) == (columns == 9)


@pytest.mark.parametrize('name', ['a.ply', 'a.npy', 'a.npz', 'a.txt'])
def test_places_far_from_the_origin_keep_their_millimetres(name, tmp_path):
    xyz, rgb, normal = writers.a_scan()
    far = xyz.astype(np.float64) + [1e6, 5e6, 100.0]
    write = (
        partial(writers.write_ply_file, place='f8')
        if name == 'a.ply'
        else FORMATS[{'a.npy': 'table.npy', 'a.npz': 'named.npz', 'a.txt': 'blanks.txt'}[name]]
    )
    write(tmp_path / name, far, rgb, normal)
    np.testing.assert_array_equal(read_scan(tmp_path / name).xyz, far)


@pytest.mark.parametrize(
    'color, expected',
    [
        (np.array([[0, 128, 255]], np.uint8), [[0, 128, 255]]),
        (np.array([[0, 1, 1]], np.uint8), [[0, 1, 1]]),
        (np.array([[0.0, 0.5, 1.0]]), [[0, 127.5, 255]]),
        (np.array([[0.0, 3.5, 1.0]]), [[0, 3.5, 1]]),
    ],
)
def test_colour_range_follows_type_and_values(color, expected):
    np.testing.assert_array_equal(make_scan(np.zeros((1, 3)), color).color, expected)


def test_missing_colours_stay_missing(tmp_path):
    np.save(tmp_path / 'a.npy', np.zeros((2, 3)))
    assert read_scan(tmp_path / 'a.npy').color is None


def test_labels_and_names_return_from_our_own_ply(tmp_path):
    xyz, rgb, _ = writers.a_scan()
    label = np.arange(len(xyz)) % 3
    write_ply(tmp_path / 'a.ply', xyz.astype(np.float64) + 1e6, rgb, label, ['floor', 'book case', 'x'])
    scan = read_scan(tmp_path / 'a.ply')
    np.testing.assert_array_equal(scan.xyz, xyz.astype(np.float64) + 1e6)
    np.testing.assert_array_equal(scan.label, label)
    assert scan.label_names == ('floor', 'book case', 'x')


def test_labels_of_boxes_are_not_taken_for_labels_of_points(tmp_path):
    np.savez(tmp_path / 'a.npz', points=np.zeros((5, 6)), label=np.arange(3), names=['a', 'b', 'c'])
    scan = read_scan(tmp_path / 'a.npz')
    assert scan.label is None and scan.label_names is None


def test_header_gives_the_columns_in_any_order(tmp_path):
    (tmp_path / 'a.txt').write_text('label,z,y,x\n4,3,2,1\n')
    scan = read_scan(tmp_path / 'a.txt')
    np.testing.assert_array_equal(scan.xyz, [[1, 2, 3]])
    np.testing.assert_array_equal(scan.label, [4])


def test_text_of_one_point_and_comments(tmp_path):
    (tmp_path / 'a.xyz').write_text('# made by hand\n\n1 2 3  # first\n')
    np.testing.assert_array_equal(read_scan(tmp_path / 'a.xyz').xyz, [[1, 2, 3]])


def test_normals_become_unit():
    scan = make_scan(np.zeros((1, 3)), normal=np.array([[0.0, 3.0, 4.0]]))
    np.testing.assert_allclose(scan.normal, [[0, 0.6, 0.8]], atol=1e-7)


NAN, INF = np.nan, np.inf


def test_points_that_are_not_finite_are_left_out_and_their_rows_remembered(caplog):
    xyz = np.array([[0, 0, 0], [NAN, 1, 1], [2, 2, 2], [0, INF, 0], [1e300, 0, 0], [3, 3, 3]])
    color = np.arange(18.0).reshape(6, 3)
    scan = make_scan(xyz, color=color, label=np.arange(6))
    np.testing.assert_array_equal(scan.xyz, xyz[[0, 2, 5]])
    np.testing.assert_array_equal(scan.color, color[[0, 2, 5]])
    np.testing.assert_array_equal(scan.in_rows(scan.label, -9), [0, -9, 2, -9, -9, 5])
    np.testing.assert_array_equal(scan.in_nearest_rows(scan.label), [0, 0, 2, 2, 5, 5])
    assert np.isnan(scan.in_rows(scan.xyz, NAN)[[1, 3, 4]]).all()


def test_colours_normals_and_labels_that_are_missing_do_not_refuse_a_scan():
    color = np.array([[0.0, 100, 200], [NAN, 0, 0]])
    normal = np.array([[0, 0, 2.0], [0, NAN, 0]])
    scan = make_scan(np.zeros((2, 3)), color, normal, np.array([3.0, NAN]))
    np.testing.assert_array_equal(scan.color, [[0, 100, 200], [127.5] * 3])
    np.testing.assert_array_equal(scan.normal, [[0, 0, 1], [0, 0, 0]])
    np.testing.assert_array_equal(scan.label, [3, -1])


def test_names_as_labels_become_numbers_with_names():
    scan = make_scan(np.zeros((3, 3)), label=np.array(['desk', 'chair', 'desk']))
    assert scan.label_names == ('chair', 'desk')
    np.testing.assert_array_equal(scan.label, [1, 0, 1])


@pytest.mark.parametrize('label', [np.array([0.5, 1]), np.array([1e30, 0]), np.uint64([2**64 - 1, 0])])
def test_labels_that_are_no_numbers_of_classes_are_left_out(label):
    assert make_scan(np.zeros((2, 3)), label=label).label is None


def write_text(text):
    return lambda path: path.write_text(text)


def write_table(table):
    return lambda path: np.save(path, table)


def truncate(writer, keep):
    def write(path):
        writer(path, *writers.a_scan())
        data = path.read_bytes()
        path.write_bytes(data[: int(len(data) * keep)])

    return write


BAD_FILES = {
    'unknown.dwg': (write_text('1 2 3'), r'expected a file ending in \.ply, \.pcd, .*\.las, .*\.glb'),
    'missing.ply': (lambda path: None, 'no such file'),
    'cut.ply': (truncate(writers.write_ply_file, 0.6), 'not a whole PLY'),
    'text.ply': (write_text('hello'), 'not a whole PLY'),
    'cut.pcd': (truncate(writers.write_pcd_file, 0.6), 'truncated'),
    'cut_ascii.pcd': (truncate(partial(writers.write_pcd_file, encoding='ascii'), 0.6), 'truncated'),
    'cut_lzf.pcd': (
        truncate(partial(writers.write_pcd_file, encoding='binary_compressed'), 0.6),
        'truncated',
    ),
    'text.pcd': (write_text('hello'), 'no DATA line'),
    'cut.npy': (truncate(writers.write_npy_file, 0.6), 'cut.npy'),
    'empty_file.npy': (write_text(''), 'not a whole NumPy file'),
    'cut.npz': (truncate(writers.write_npz_file, 0.6), 'not a whole'),
    'nothing_known.npz': (lambda path: np.savez(path, a=np.zeros(3)), 'expected an array points'),
    'cut.bin': (truncate(writers.write_bin_file, 0.51), 'no whole number of float32 rows'),
    # Two points of a floor whose coordinates could be colours.
    'either.bin': (
        lambda path: np.array([1, 1, 0, 9, 9, 9, 0, 0, 1] * 2, '<f4').tofile(path),
        'do not tell which',
    ),
    'neither.bin': (lambda path: np.full(18, -9, '<f4').tofile(path), 'do not tell which'),
    'empty.npy': (write_table(np.zeros((0, 6))), 'empty cloud'),
    'empty.txt': (write_text(''), 'empty cloud'),
    'header_only.txt': (write_text('x y z\n'), 'empty cloud'),
    'empty.bin': (write_text(''), 'empty cloud'),
    'two.npy': (write_table(np.zeros((2, 2))), r'expected numbers in 3 \(xyz\)'),
    'flat.npy': (write_table(np.zeros(6)), r'expected numbers in 3 \(xyz\)'),
    'words.npy': (write_table(np.full((2, 3), 'a')), 'expected numbers'),
    'four.txt': (write_text('1 2 3 4\n'), 'expected 3 .* columns'),
    'ragged.txt': (write_text('1 2 3\n1 2\n'), 'wrong number of columns'),
    'word.txt': (write_text('1 2 3\n1 two 3\n'), 'no number'),
    'all_nan.npy': (write_table(np.full((2, 3), np.nan)), '2 of 2 rows hold NaN'),
    'bright.npy': (write_table(np.array([[0, 0, 0, 0, 256, 0]])), 'color: expected values in 0..255'),
    'negative.npy': (write_table(np.array([[0, 0, 0, 0.1, -0.2, 0]])), 'color: expected values in 0..255'),
}


@pytest.mark.parametrize('name', BAD_FILES)
def test_bad_files_are_named_with_their_fault(name, tmp_path):
    write, message = BAD_FILES[name]
    write(tmp_path / name)
    check_situation(tmp_path / name, message)


def test_lzf_copies_matches_that_overlap_themselves():
    # literal "ab", then 2 + 6 bytes from distance 2.
    assert decompress(bytes([1, ord('a'), ord('b'), 6 << 5, 1]), 10) == b'ab' * 5


@pytest.mark.parametrize(
    'data, message',
    [(bytes([7 << 5]), 'middle'), (bytes([32, 5]), 'before the start'), (bytes([0, 1]), 'expected 9')],
)
def test_lzf_refuses_damaged_data(data, message):
    with pytest.raises(ValueError, match=message):
        decompress(data, 9)


@pytest.mark.parametrize('up', ['x', 'y', 'z', '-x', '-y', '-z'])
def test_turning_upright_is_a_rotation_that_lifts_the_up_axis(up):
    points = np.concatenate([np.eye(3), np.zeros((1, 3))])
    turned = turn_upright(Scan(points, normal=points.astype(np.float32)), up)
    lifted = np.eye(3)['xyz'.index(up[-1])] * (-1 if up[0] == '-' else 1)
    np.testing.assert_array_equal(lifted @ turned.xyz[:3], [0, 0, 1])
    assert np.linalg.det(turned.xyz[:3]) == 1
    np.testing.assert_array_equal(turned.normal, turned.xyz)


def test_real_pcd_agrees_with_its_own_header():
    path = local_real_data('fragment', 'fragment.pcd')
    scan = read_scan(path)
    body = path.read_bytes().split(b'DATA binary\n', 1)[1]
    table = np.frombuffer(body, '<f4').reshape(113662, 8)
    np.testing.assert_array_equal(scan.xyz, table[:, :3].astype(np.float64))
    np.testing.assert_allclose(np.linalg.norm(scan.normal, axis=1), 1, atol=1e-5)
    np.testing.assert_array_equal(scan.color[:, 2], table.view(np.uint8).reshape(-1, 32)[:, 12])


def test_real_rows_of_sunrgbd_are_told_from_their_values():
    path = local_real_data('sunrgbd_000017', '000017.bin')
    rows = np.fromfile(path, np.float32).reshape(-1, 6)
    scan = read_scan(path)
    np.testing.assert_array_equal(scan.xyz, rows[:, :3].astype(np.float64))
    np.testing.assert_allclose(scan.color, 255 * rows[:, 3:], atol=1e-3)
