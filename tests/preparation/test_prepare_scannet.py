"""ScanNet's preparation against the hand-made room that its raw files were written from."""

import json
import pickle
import shutil

import numpy as np
import pytest
from plyfile import PlyData, PlyElement
from raw_downloads import (
    LABEL_MAP,
    SCANNET_CATEGORIES,
    UNANNOTATED,
    scannet_room,
    write_label_map,
    write_raw_scannet,
    write_scannet_scene,
)

from swin3d_mmdet3d.datasets.class_lists import SCANNET_BOXES
from swin3d_mmdet3d.datasets.layout.tickets import write_ticket
from swin3d_mmdet3d.preparation import prepare_scannet
from swin3d_mmdet3d.preparation.preparation_run import RawScene
from swin3d_mmdet3d.preparation.raw_files import read_scene_mesh
from swin3d_mmdet3d.preparation.scannet import read_label_map, read_scene

NAME = 'scene0000_00'


@pytest.fixture(scope='module')
def prepared(tmp_path_factory):
    folder = tmp_path_factory.mktemp('scannet')
    prepare_scannet(write_raw_scannet(folder / 'raw'), folder / 'out', workers=1)
    return folder / 'out'


def rows(prepared, folder, dtype, columns=None, name=NAME):
    values = np.fromfile(prepared / folder / f'{name}.bin', dtype)
    return values if columns is None else values.reshape(-1, columns)


def entry(prepared, split, index=0):
    infos = pickle.loads((prepared / f'scannet_infos_{split}.pkl').read_bytes())
    return infos['data_list'][index], infos['metainfo']


def ids_of_things(room, column):
    """The id of every thing in a column of the label map, 0 for those without annotation."""
    return np.array([SCANNET_CATEGORIES[k][column] * (k != UNANNOTATED) for k in room.kinds])


def test_points_are_the_vertices_of_the_mesh_in_its_order_and_frame(prepared):
    mesh = PlyData.read(str(prepared.parent / 'raw' / 'scans' / NAME / f'{NAME}_vh_clean_2.ply'))['vertex']
    points = rows(prepared, 'points', np.float32, 6)
    for column, field in enumerate(('x', 'y', 'z', 'red', 'green', 'blue')):
        np.testing.assert_array_equal(points[:, column], mesh[field])


def test_normals_are_those_of_the_faces_turned_into_the_frame_of_the_points(prepared):
    _, mesh, align = scannet_room(NAME)
    normals = rows(prepared, 'normals', np.float32, 3)
    np.testing.assert_allclose(normals, mesh.normals @ align[:3, :3], atol=2e-5)


def test_scans_with_normals_of_another_rule_are_made_again(prepared, tmp_path):
    out = shutil.copytree(prepared, tmp_path / 'out')
    normals = out / 'normals' / f'{NAME}.bin'
    expected = normals.read_bytes()
    ticket = out / 'prepared_scenes' / f'{NAME}.json'
    # What stood there while faces were weighted by area.
    normals.write_bytes(bytes(len(expected)))
    content = json.loads(ticket.read_text())['ticket']['content']
    write_ticket(ticket, out, {'dataset': 'scannet', 'recipe': 1}, [normals], content)
    states = {it.scene.name: it.state for it in prepare_scannet(prepared.parent / 'raw', out, workers=1)}
    assert states.pop(NAME) == 'prepared' and set(states.values()) == {'kept'}
    assert normals.read_bytes() == expected


def test_masks_hold_nyu40_ids_ids_of_scannet200_and_instances_from_one(prepared):
    room, mesh, _ = scannet_room(NAME)
    np.testing.assert_array_equal(
        rows(prepared, 'semantic_mask', np.int64), ids_of_things(room, 1)[mesh.thing]
    )
    np.testing.assert_array_equal(
        rows(prepared, 'semantic_mask200', np.int64), ids_of_things(room, 0)[mesh.thing]
    )
    annotated = np.array([kind != UNANNOTATED for kind in room.kinds])
    instance = np.where(annotated, np.cumsum(annotated), 0)
    np.testing.assert_array_equal(rows(prepared, 'instance_mask', np.int64), instance[mesh.thing])


def test_labels_are_those_of_the_labelled_mesh(prepared):
    raw = prepared.parent / 'raw' / 'scans' / NAME / f'{NAME}_vh_clean_2.labels.ply'
    np.testing.assert_array_equal(
        rows(prepared, 'semantic_mask', np.int64), PlyData.read(str(raw))['vertex']['label']
    )


def test_boxes_are_those_of_the_furniture_in_the_aligned_frame(prepared):
    room, _, align = scannet_room(NAME)
    info, metainfo = entry(prepared, 'train')
    raw_ids = ids_of_things(room, 1)
    boxes, labels = [], []
    for thing, raw_id in enumerate(raw_ids):
        if raw_id in SCANNET_BOXES.raw_ids:
            own = [r for r in room.rectangles if r.thing == thing]
            corners = np.concatenate([[r.corner, r.corner + r.across + r.up] for r in own])
            low, high = corners.min(axis=0), corners.max(axis=0)
            boxes.append([*(low + high) / 2, *high - low])
            labels.append(SCANNET_BOXES.raw_ids.index(raw_id))
    assert len(boxes) == 18
    np.testing.assert_allclose([it['bbox_3d'] for it in info['instances']], boxes, atol=1e-5)
    assert [it['bbox_label_3d'] for it in info['instances']] == labels
    np.testing.assert_array_equal(info['axis_align_matrix'], align)
    assert metainfo['categories'] == {name: label for label, name in enumerate(SCANNET_BOXES.names)}


def test_info_files_hold_the_scans_of_the_lists_in_their_order(prepared):
    for split, names in (
        ('train', ['scene0000_00', 'scene0001_00']),
        ('val', ['scene0002_00']),
        ('test', ['scene0707_00']),
    ):
        data_list = pickle.loads((prepared / f'scannet_infos_{split}.pkl').read_bytes())['data_list']
        assert [it['lidar_points']['lidar_path'] for it in data_list] == [f'{name}.bin' for name in names]


def test_scans_of_the_test_split_have_points_and_normals_alone(prepared):
    info, _ = entry(prepared, 'test')
    assert info['instances'] == []
    assert not [key for key in info if 'mask' in key]
    np.testing.assert_array_equal(info['axis_align_matrix'], np.eye(4))
    assert not (prepared / 'semantic_mask' / 'scene0707_00.bin').exists()
    points = rows(prepared, 'points', np.float32, 6, 'scene0707_00')
    assert len(rows(prepared, 'normals', np.float32, 3, 'scene0707_00')) == len(points) > 0


def test_missing_test_scans_leave_out_the_split(tmp_path):
    raw = write_raw_scannet(tmp_path / 'raw', test=0, spacing=0.5)
    outcomes = prepare_scannet(raw, tmp_path / 'out', workers=1)
    assert [it.state for it in outcomes] == ['prepared'] * 3
    assert not (tmp_path / 'out' / 'scannet_infos_test.pkl').exists()


def test_lists_of_a_folder_of_ones_own_choose_the_scans(tmp_path):
    raw = write_raw_scannet(tmp_path / 'raw', spacing=0.5)
    (tmp_path / 'few').mkdir()
    for split, name in (('train', 'scene0001_00'), ('val', 'scene0000_00'), ('test', 'scene0707_00')):
        (tmp_path / 'few' / f'scannetv2_{split}.txt').write_text(name)
    outcomes = prepare_scannet(raw, tmp_path / 'out', splits=tmp_path / 'few', workers=1)
    assert [it.scene.name for it in outcomes] == ['scene0001_00', 'scene0000_00', 'scene0707_00']


@pytest.fixture
def scan(tmp_path):
    """Reads a scan whose segment groups or alignment a test has changed."""
    write_scannet_scene(tmp_path / NAME, spacing=0.5)
    write_label_map(tmp_path / LABEL_MAP)
    label_map = read_label_map(tmp_path / LABEL_MAP)
    return tmp_path / NAME, lambda: read_scene(RawScene(NAME, 'train', tmp_path / NAME), label_map)


def test_shared_segment_has_the_last_object_and_the_label_that_came_up_last(scan):
    """Wall, floor, another wall: all walls are labelled before the floor, which shares a wall's segment."""
    folder, read = scan
    before = read()
    path = folder / f'{NAME}.aggregation.json'
    whole = json.loads(path.read_text())
    floor, first_wall, second_wall, *others = whole['segGroups']
    assert (floor['label'], second_wall['label']) == ('floor', 'wall')
    floor['segments'] += second_wall['segments']
    whole['segGroups'] = [first_wall, floor, second_wall, *others]
    path.write_text(json.dumps(whole))
    after = read()
    shared = before.masks['instance_mask'] == second_wall['objectId'] + 1
    np.testing.assert_array_equal(after.masks['instance_mask'], before.masks['instance_mask'])
    np.testing.assert_array_equal(after.masks['semantic_mask'][shared], 2)
    np.testing.assert_array_equal(
        after.masks['semantic_mask'][~shared], before.masks['semantic_mask'][~shared]
    )


@pytest.mark.parametrize('number', [-1, 2**63 - 1])
def test_objects_whose_number_fits_no_mask_are_refused(number, scan):
    folder, read = scan
    path = folder / f'{NAME}.aggregation.json'
    whole = json.loads(path.read_text())
    whole['segGroups'][0]['objectId'] = number
    path.write_text(json.dumps(whole))
    with pytest.raises(ValueError, match=r'aggregation\.json must hold an objectId of 0 \.\.'):
        read()


def test_scan_without_alignment_is_left_as_it_is_and_noted(scan):
    folder, read = scan
    (folder / f'{NAME}.txt').write_text('sceneType = Office\n')
    prepared = read()
    np.testing.assert_array_equal(prepared.axis_align_matrix, np.eye(4))
    assert prepared.notes == (f'file {NAME}.txt has no axisAlignment: left as it is',)


@pytest.mark.parametrize(
    ('table', 'message'),
    [
        ('', 'must have the columns id, nyu40id, raw_category'),
        ('id\traw_category\n1\twall\n', 'must have the columns nyu40id'),
        ('id\traw_category\tnyu40id\n1\twall\tone\n', 'has no ids in line 2'),
        ('id\traw_category\tnyu40id\n1\twall\t41\n', r'must hold nyu40id 0\.\.40, got 41'),
        (f'id\traw_category\tnyu40id\n{10**20}\twall\t1\n', 'must hold ids below 2147483648, got 1000'),
    ],
)
def test_unusable_label_map_is_named(table, message, tmp_path):
    (tmp_path / 'map.tsv').write_text(table)
    with pytest.raises(ValueError, match=f'label map .*map.tsv {message}'):
        read_label_map(tmp_path / 'map.tsv')


@pytest.mark.parametrize('form', [dict(text=True), dict(byte_order='>'), dict(byte_order='<')])
def test_meshes_of_every_ply_encoding_are_the_same(form, scan, tmp_path):
    path = tmp_path / NAME / f'{NAME}_vh_clean_2.ply'
    points, faces = read_scene_mesh(NAME, path)
    PlyData(PlyData.read(str(path), mmap=False).elements, **form).write(str(tmp_path / 'other.ply'))
    other_points, other_faces = read_scene_mesh(NAME, tmp_path / 'other.ply')
    np.testing.assert_allclose(other_points, points, rtol=1e-6)
    np.testing.assert_array_equal(other_faces, faces)


@pytest.mark.parametrize('text', [True, False])
def test_mesh_of_quadrangles_is_refused(text, scan, tmp_path):
    path = tmp_path / NAME / f'{NAME}_vh_clean_2.ply'
    vertex = PlyData.read(str(path), mmap=False)['vertex']
    face = np.zeros(3, dtype=[('vertex_indices', '<i4', (4,))])
    PlyData([vertex, PlyElement.describe(face, 'face')], text=text).write(str(path))
    with pytest.raises(ValueError, match=f'scene {NAME}: file {path} is truncated or no mesh'):
        read_scene_mesh(NAME, path)
