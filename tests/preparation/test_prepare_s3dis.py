"""S3DIS's preparation against the hand-made rooms that its raw files were written from."""

import pickle

import numpy as np
import pytest
from raw_downloads import S3DIS_FOLDER, s3dis_room, write_raw_s3dis, write_s3dis_room

from swin3d_mmdet3d.datasets.class_lists import S3DIS
from swin3d_mmdet3d.geometry import estimate_normals
from swin3d_mmdet3d.preparation import prepare_s3dis
from swin3d_mmdet3d.preparation.preparation_run import RawScene
from swin3d_mmdet3d.preparation.s3dis import read_room

CLUTTER = 12


@pytest.fixture(scope='module')
def prepared(tmp_path_factory):
    folder = tmp_path_factory.mktemp('s3dis')
    prepare_s3dis(write_raw_s3dis(folder / 'raw'), folder / 'out', workers=1)
    return folder / 'out'


def rows(prepared, folder, dtype, columns=None, name='Area_1_office_1'):
    values = np.fromfile(prepared / folder / f'{name}.bin', dtype)
    return values if columns is None else values.reshape(-1, columns)


def expected_points(seed):
    """The things of a room behind each other, shifted to 0 in float64, then cast."""
    table = np.concatenate([points for _, points, _ in s3dis_room(seed)[0]])
    table[:, :3] -= table[:, :3].min(axis=0)
    return table.astype(np.float32)


@pytest.mark.parametrize(('name', 'seed'), [('Area_1_office_1', 10), ('Area_5_hallway_6', 50)])
def test_points_are_those_of_the_sorted_annotations_shifted_to_zero(prepared, name, seed):
    points = rows(prepared, 'points', np.float32, 6, name)
    np.testing.assert_array_equal(points, expected_points(seed))
    np.testing.assert_array_equal(points[:, :3].min(axis=0), 0)


def test_corrupt_file_of_the_release_stays_as_it_is(prepared):
    spoilt = prepared.parent / 'raw' / S3DIS_FOLDER / 'Area_5/hallway_6/Annotations/ceiling_1.txt'
    assert spoilt.read_bytes().count(b'\x10') == 1


@pytest.mark.parametrize(
    ('spoilt', 'row'),
    [(b'1.25 2 3 4 5\x106', [1.25, 2, 3, 4, 5, 6]), (b'1.2\x105 2 3 4 5 6', [1.25, 2, 3, 4, 5, 6])],
)
def test_control_byte_is_a_blank_or_nothing_whichever_gives_six_numbers(spoilt, row, tmp_path):
    folder = tmp_path / 'Area_5' / 'hallway_6'
    (folder / 'Annotations').mkdir(parents=True)
    (folder / 'Annotations' / 'floor_1.txt').write_bytes(b'0 0 0 0 0 0\n' + spoilt + b'\n')
    scene = read_room(RawScene('Area_5_hallway_6', 'Area_5', folder), normals=False)
    np.testing.assert_array_equal(scene.points, np.array([[0] * 6, row], dtype=np.float32))
    assert scene.notes == ('a control byte was left out of floor_1.txt in memory',)


def test_classes_instances_and_stairs(prepared):
    things, names = s3dis_room(10)
    sizes = [len(points) for _, points, _ in things]
    labels = [CLUTTER if kind == 'stairs' else S3DIS.names.index(kind) for kind, _, _ in things]
    assert 'stairs_1.txt' in names
    np.testing.assert_array_equal(rows(prepared, 'semantic_mask', np.int64), np.repeat(labels, sizes))
    np.testing.assert_array_equal(
        rows(prepared, 'instance_mask', np.int64), np.repeat(np.arange(len(things)) + 1, sizes)
    )


def test_boxes_surround_the_furniture_in_the_shifted_frame(prepared):
    things, _ = s3dis_room(10)
    low = np.concatenate([points for _, points, _ in things])[:, :3].min(axis=0)
    boxes, labels = [], []
    for kind, points, _ in things:
        if kind in ('table', 'chair', 'sofa', 'bookcase', 'board'):
            own = points[:, :3] - low
            boxes.append([*(own.min(axis=0) + own.max(axis=0)) / 2, *np.ptp(own, axis=0)])
            labels.append(['table', 'chair', 'sofa', 'bookcase', 'board'].index(kind))
    infos = pickle.loads((prepared / 's3dis_infos_Area_1.pkl').read_bytes())
    instances = infos['data_list'][0]['instances']
    np.testing.assert_allclose([it['bbox_3d'] for it in instances], boxes, atol=1e-6)
    assert [it['bbox_label_3d'] for it in instances] == labels
    assert infos['metainfo']['dataset'] == 's3dis'


def test_normals_are_estimated_and_turned_into_the_room(prepared):
    normals = rows(prepared, 'normals', np.float32, 3)
    points = rows(prepared, 'points', np.float32, 6)
    np.testing.assert_array_equal(normals, estimate_normals(points[:, :3]))
    truth = np.concatenate([normals for _, _, normals in s3dis_room(10)[0]])
    shell = np.isin(rows(prepared, 'semantic_mask', np.int64), [0, 1, 2])
    cosine = np.einsum('ij,ij->i', normals, truth)[shell]
    assert (cosine > 0.99).mean() > 0.7  # the rest lies along edges, or under furniture


def test_normals_can_be_left_out_and_made_up_for(tmp_path):
    raw = write_raw_s3dis(tmp_path / 'raw', spacing=0.4)
    prepare_s3dis(raw, tmp_path / 'out', normals=False, workers=1)
    info = pickle.loads((tmp_path / 'out' / 's3dis_infos_Area_2.pkl').read_bytes())['data_list'][0]
    assert 'normals_path' not in info
    assert not (tmp_path / 'out' / 'normals').exists()
    outcomes = prepare_s3dis(raw, tmp_path / 'out', workers=1)
    assert [it.state for it in outcomes] == ['prepared'] * 6
    assert len(list((tmp_path / 'out' / 'normals').iterdir())) == 6


def test_areas_that_are_there_are_prepared_in_the_order_of_their_rooms(tmp_path):
    for room in ('office_2', 'office_10', 'WC_1'):
        write_s3dis_room(tmp_path / 'Area_3' / room, 1, spacing=0.8)
    outcomes = prepare_s3dis(tmp_path, tmp_path / 'out', normals=False, workers=1)
    assert [it.scene.name for it in outcomes] == ['Area_3_WC_1', 'Area_3_office_10', 'Area_3_office_2']
    assert [p.name for p in (tmp_path / 'out').glob('*.pkl')] == ['s3dis_infos_Area_3.pkl']


def test_other_areas_and_folders_of_rooms_are_prepared_under_their_own_names(tmp_path):
    for room in ('Area_7/lab_1', 'Area_annex/office_1', 'scans/mine/den_2'):
        write_s3dis_room(tmp_path / room, 1, spacing=0.8)
    outcomes = prepare_s3dis(tmp_path, tmp_path / 'a', normals=False, workers=1)
    assert [it.scene.name for it in outcomes] == ['Area_7_lab_1', 'Area_annex_office_1']
    assert (tmp_path / 'a' / 's3dis_infos_Area_annex.pkl').is_file()
    (one,) = prepare_s3dis(tmp_path / 'Area_7', tmp_path / 'b', normals=False, workers=1)
    assert one.scene.name == 'Area_7_lab_1' and one.state == 'prepared'
    (own,) = prepare_s3dis(tmp_path / 'scans' / 'mine', tmp_path / 'c', normals=False, workers=1)
    assert own.scene.name == 'mine_den_2' and own.state == 'prepared'
    with pytest.raises(FileNotFoundError, match=r'Area_\*, or rooms with Annotations'):
        prepare_s3dis(tmp_path / 'scans' / 'mine' / 'den_2', tmp_path / 'd', workers=1)
