"""What the package writes comes back equal in values and rows: points, labels, boxes, prepared scenes."""

import base64
import json
import re

import numpy as np
import pytest
from own_scans import NAMES, UNLABELLED, office
from plyfile import PlyData
from survey_writers import channels, station, write_e57_file, write_las_file

from swin3d_mmdet3d.apis import (
    DetectedBoxes,
    make_scan,
    read_boxes,
    read_scan,
    write_boxes,
    write_labelled_scan,
)
from swin3d_mmdet3d.datasets.layout.infos import read_info_file
from swin3d_mmdet3d.preparation import prepare_custom
from swin3d_mmdet3d.preparation.own_boxes import read_own_boxes
from swin3d_mmdet3d.preparation.own_labels import read_labels
from swin3d_mmdet3d.scan_files import turn_upright
from swin3d_mmdet3d.visualization import (
    BOX_EDGES,
    box_corners,
    detail_order,
    write_box_edges,
    write_html_viewer,
    write_las,
    write_ply,
)

POINTS = 400
RNG = np.random.default_rng(11)
XYZ = RNG.uniform(0, 5, (POINTS, 3))
FAR = XYZ + [691_000, 5_334_000, 500]
RGB16 = RNG.integers(0, 65536, (POINTS, 3))
LABEL = RNG.integers(0, 4, POINTS)
CLASSES = ('Fußboden', 'office chair', 'x' * 40, 'wall')
PALETTE = RNG.integers(0, 256, (4, 3))
pytestmark = pytest.mark.filterwarnings('ignore::UserWarning')


@pytest.fixture
def las_scan(tmp_path):
    write_las_file(
        tmp_path / 'scan.las', FAR, scale=0.0025, offset=(690_000, 5_330_000, 0), **channels(RGB16)
    )
    return read_scan(tmp_path / 'scan.las')


@pytest.mark.parametrize('place', [np.float32, np.float64])
def test_ply_points_labels_and_names_in_any_language(place, tmp_path):
    xyz = (XYZ if place == np.float32 else FAR).astype(place)
    write_ply(tmp_path / 'a.ply', xyz, RGB16 // 257, LABEL, CLASSES)
    scan = read_scan(tmp_path / 'a.ply')
    np.testing.assert_array_equal(scan.xyz, xyz.astype(np.float64))
    np.testing.assert_array_equal(scan.color, RGB16 // 257)
    np.testing.assert_array_equal(scan.label, LABEL)
    assert scan.label_names == CLASSES


@pytest.mark.parametrize('ending', ['las', 'laz'])
def test_las_of_a_las_scan_has_its_whole_numbers_colours_and_the_new_classes(ending, las_scan, tmp_path):
    laspy = pytest.importorskip('laspy')
    write_labelled_scan(tmp_path / 'out', 'a', las_scan, LABEL, CLASSES, PALETTE, formats=(ending, 'npz'))
    before, after = laspy.read(tmp_path / 'scan.las'), laspy.read(tmp_path / 'out' / f'a.{ending}')
    for axis in 'XYZ':
        np.testing.assert_array_equal(before[axis], after[axis])
    np.testing.assert_array_equal(before.header.scales, after.header.scales)
    np.testing.assert_array_equal(np.stack([after[name] for name in ('red', 'green', 'blue')], 1), RGB16)
    np.testing.assert_array_equal(after.classification, LABEL)
    scan = read_scan(tmp_path / 'out' / f'a.{ending}')
    np.testing.assert_array_equal(scan.xyz, las_scan.xyz)
    np.testing.assert_array_equal(scan.color, las_scan.color)
    np.testing.assert_array_equal(scan.label, LABEL)
    assert scan.label_names == CLASSES
    assert after.header.point_format.id == 7


@pytest.mark.parametrize(
    'xyz, step',
    [(XYZ, 1e-6), (FAR, 1e-6), (XYZ * 1000, 1e-5), (XYZ * 1e6, 1e-2), (XYZ[:1], 1e-6)],
    ids=['room', 'far', 'five kilometres', 'wider', 'one point'],
)
def test_las_of_other_scans_keeps_a_micrometre_or_what_the_extent_allows(xyz, step, tmp_path):
    pytest.importorskip('laspy')
    write_las(tmp_path / 'a.las', xyz)
    scan = read_scan(tmp_path / 'a.las')
    np.testing.assert_allclose(scan.xyz, xyz, rtol=0, atol=0.501 * step + np.spacing(np.abs(xyz).max()))
    assert scan.color is None and scan.label is None


def test_a_turned_or_scaled_las_scan_keeps_its_places(las_scan, tmp_path):
    scan = turn_upright(las_scan, 'y')
    write_las(tmp_path / 'a.las', scan.xyz * 0.3048, grid=scan.grid)
    np.testing.assert_allclose(read_scan(tmp_path / 'a.las').xyz, scan.xyz * 0.3048, rtol=0, atol=1e-6)


def test_las_holds_255_classes_and_points_without_one(tmp_path):
    pytest.importorskip('laspy')
    label, names = np.arange(256), [f'class {i}' for i in range(255)]
    write_las(tmp_path / 'a.las', XYZ[:256], label=label, names=names)
    scan = read_scan(tmp_path / 'a.las')
    np.testing.assert_array_equal(scan.label, label)
    assert scan.label_names == tuple(names)
    with pytest.raises(ValueError, match='at most 255 classes, got 256'):
        write_las(tmp_path / 'b.las', XYZ[:256], label=label, names=[*names, 'one more'])
    for wrong in (label - 1, label + 1):
        with pytest.raises(ValueError, match=r'label: expected 0\.\.255'):
            write_las(tmp_path / 'b.las', XYZ[:256], label=wrong)
    assert not (tmp_path / 'b.las').exists()


def test_labels_that_are_all_zero_come_back_where_classes_are_named(tmp_path):
    pytest.importorskip('laspy')
    write_las(tmp_path / 'a.las', XYZ, label=np.zeros(POINTS), names=['floor'])
    assert read_scan(tmp_path / 'a.las').label.tolist() == [0] * POINTS


@pytest.mark.parametrize('ending', ['ply', 'las'])
def test_rows_without_coordinates_stay_in_ply_and_npz_and_are_left_out_of_las(ending, tmp_path):
    pytest.importorskip('laspy')
    rows = XYZ.copy()
    rows[::5] = np.nan
    scan = make_scan(rows, RGB16)
    names = CLASSES[:4]
    write_labelled_scan(tmp_path, 'a', scan, LABEL[scan.kept], names, PALETTE, formats=(ending, 'npz'))
    label = np.where(scan.kept, LABEL, 255)
    with np.load(tmp_path / 'a.npz') as result:
        np.testing.assert_array_equal(result['label'], label)
        np.testing.assert_array_equal(result['palette'], PALETTE)
        assert tuple(result['names']) == names
        np.save(tmp_path / 'only.npy', result['label'])
    np.testing.assert_array_equal(read_labels(tmp_path / 'only.npy', POINTS), label)
    back = read_scan(tmp_path / f'a.{ending}')
    np.testing.assert_array_equal(back.label, LABEL[scan.kept])
    np.testing.assert_allclose(back.xyz, scan.xyz, rtol=0, atol=0 if ending == 'ply' else 1e-6)
    if ending == 'ply':
        np.testing.assert_array_equal(back.kept, scan.kept)


def boxes():
    return DetectedBoxes(
        center=RNG.uniform(-1e6, 1e6, (5, 3)),
        size=RNG.uniform(0.1, 3, (5, 3)),
        yaw=RNG.uniform(-3, 3, 5),
        score=RNG.uniform(0, 1, 5),
        label=np.array([3, 0, 2, 1, 0]),
    )


def test_boxes_come_back_to_the_last_bit_also_as_own_boxes(tmp_path):
    found = boxes()
    write_boxes(tmp_path / 'a.json', found, CLASSES)
    back, names = read_boxes(tmp_path / 'a.json')
    assert names == CLASSES
    for name in ('center', 'size', 'yaw', 'score', 'label'):
        np.testing.assert_array_equal(getattr(back, name), getattr(found, name))
    for i, box in enumerate(read_own_boxes(tmp_path / 'a.json')):
        assert (box.name, box.yaw) == (CLASSES[found.label[i]], found.yaw[i])
        np.testing.assert_array_equal([box.center, box.size], [found.center[i], found.size[i]])


def test_edges_of_boxes_come_back_to_the_last_bit(tmp_path):
    found = boxes()
    corners = box_corners(found.center, found.size, found.yaw)
    write_box_edges(tmp_path / 'a.ply', corners, PALETTE[found.label], ['box 0 Fußboden', 'box 1'])
    np.testing.assert_array_equal(read_scan(tmp_path / 'a.ply').xyz, corners.reshape(-1, 3))
    # plyfile itself reads the file where its comments are ASCII.
    write_box_edges(tmp_path / 'b.ply', corners, PALETTE[found.label], ['box 0', 'box 1'])
    ply = PlyData.read(str(tmp_path / 'b.ply'))
    assert ply.comments == ['box 0', 'box 1']
    pairs = np.stack([ply['edge']['vertex1'], ply['edge']['vertex2']], axis=1).reshape(5, -1, 2)
    np.testing.assert_array_equal(pairs, np.asarray(BOX_EDGES) + 8 * np.arange(5)[:, None, None])


def test_the_viewer_holds_places_and_labels(tmp_path):
    write_html_viewer(tmp_path / 'a.html', XYZ, RGB16 / 257, None, LABEL, PALETTE, CLASSES)
    page = (tmp_path / 'a.html').read_text(encoding='utf-8')
    record = json.loads(re.search(r'<script id="scan"[^>]*>(.*?)</script>', page, re.S)[1])
    rows = detail_order(XYZ)
    place = np.frombuffer(base64.b64decode(record['position']), '<i2').reshape(-1, 3)
    places = np.array(record['origin']) + np.array(record['step']) * (place.astype(float) + 32768)
    np.testing.assert_allclose(places, XYZ[rows], rtol=0, atol=5 / 65535)
    assert tuple(record['names']) == CLASSES
    layers = [np.frombuffer(base64.b64decode(layer), np.uint8) for layer in record['layers'].values()]
    assert any(np.array_equal(layer, LABEL[rows]) for layer in layers)


def colored_office(number):
    xyz, label = (values[::8] for values in office(np.random.default_rng(number))[:2])
    rgb = np.random.default_rng(number).integers(0, 256, xyz.shape)
    return np.round(xyz, 3), rgb, label


def write_folder(folder, ending):
    """Two offices in files of one kind, with labels and colours of their places."""
    folder.mkdir()
    for number in range(2):
        xyz, rgb, label = colored_office(number)
        path = folder / f'office_{number}.{ending}'
        if ending in ('las', 'laz'):
            write_las_file(path, xyz, classification=label, **channels(rgb.astype(np.uint16) * 257))
        elif ending == 'e57':
            write_e57_file(path, [(station(xyz, rgb), {})])
            np.save(folder / f'office_{number}_labels.npy', label)
        else:
            np.savetxt(path, np.c_[xyz, rgb, label], '%.3f', header='x y z r g b label', comments='')


@pytest.mark.parametrize('ending', ['las', 'laz', 'e57', 'csv', 'pts'])
def test_prepared_scenes_hold_the_points_and_labels_of_any_format(ending, tmp_path):
    write_folder(tmp_path / 'scans', ending)
    classes = [f'{name}={number}' for number, name in enumerate(NAMES)]
    prepare_custom(tmp_path / 'scans', tmp_path / 'out', classes, [UNLABELLED], (0.5, 0), workers=1)
    for split in ('train', 'val'):
        (info,) = read_info_file(tmp_path / 'out' / f'custom_infos_{split}.pkl')['data_list']
        xyz, rgb, label = colored_office(int(info['source'][7]))
        # The package's own reader tells the columns of the file from its values.
        scan = read_scan(tmp_path / 'out' / 'points' / info['lidar_points']['lidar_path'])
        np.testing.assert_allclose(scan.xyz + info['origin'], xyz, rtol=0, atol=1e-6)
        np.testing.assert_allclose(scan.color, rgb, rtol=0, atol=0.5)
        mask = np.fromfile(tmp_path / 'out' / 'semantic_mask' / info['pts_semantic_mask_path'], np.int64)
        np.testing.assert_array_equal(mask, np.where(label == UNLABELLED, 255, label))


def test_prepared_boxes_are_those_beside_the_scans(tmp_path):
    scans, found = tmp_path / 'scans', boxes().moved(np.array([1e6, 0, 0]))
    for name in ('a', 'b'):
        write_las(scans / f'{name}.las', FAR, RGB16 / 257, LABEL, CLASSES)
        write_boxes(scans / f'{name}.json', found, CLASSES)
    prepare_custom(scans, tmp_path / 'out', shares=(0.5, 0), workers=1)
    for split in ('train', 'val'):
        content = read_info_file(tmp_path / 'out' / f'custom_infos_{split}.pkl')
        assert content['metainfo']['classes'] == CLASSES
        (info,) = content['data_list']
        names = list(content['metainfo']['categories'])
        for i, written in enumerate(info['instances']):
            assert names[written['bbox_label_3d']] == CLASSES[found.label[i]]
            numbers = np.array(written['bbox_3d'])
            np.testing.assert_allclose(numbers[:3] + info['origin'], found.center[i], rtol=0, atol=1e-8)
            np.testing.assert_array_equal(numbers[3:], [*found.size[i], found.yaw[i]])
