"""Objects cut out of rooms: the right instances, once, and whole or not at all."""

import numpy as np
import pytest

from swin3d_mmdet3d.datasets import RoomObjectDataset
from swin3d_mmdet3d.datasets.class_lists import S3DIS, S3DIS_BOXES
from swin3d_mmdet3d.datasets.layout.infos import write_info_file
from swin3d_mmdet3d.datasets.layout.scenes import IndoorScene, write_scene
from swin3d_mmdet3d.datasets.room_objects import MIN_POINTS

KINDS = ('wall', 'chair', 'table', 'chair', 'sofa')  # of the instances 0 .. 4
COUNTS = (50, 40, MIN_POINTS, 45, MIN_POINTS - 1)
INFOS = dict(train_infos=['s3dis_infos_Area_1.pkl'], test_infos=['s3dis_infos_Area_5.pkl'])


def write_room(root, name, seed):
    rng = np.random.default_rng(seed)
    instance = np.repeat(np.arange(len(COUNTS)), COUNTS)
    semantic = np.array([S3DIS.raw_ids[S3DIS.names.index(kind)] for kind in KINDS])[instance]
    xyz = rng.uniform(0, 1, (len(instance), 3)) + 5 * instance[:, None]
    order = rng.permutation(len(instance))
    points = np.concatenate([xyz, rng.uniform(0, 255, xyz.shape)], axis=1)[order].astype(np.float32)
    normals = np.repeat(instance[order, None], 3, axis=1).astype(np.float32)
    masks = dict(semantic_mask=semantic[order], instance_mask=instance[order])
    scene = IndoorScene(points, normals, masks)
    write_scene(root, name, scene)
    return scene.entry(name), xyz


@pytest.fixture
def rooms(tmp_path):
    for seed, area in enumerate((1, 5)):
        entry, _ = write_room(tmp_path, f'Area_{area}_office_1', seed)
        write_info_file(tmp_path, 's3dis', f'Area_{area}', S3DIS_BOXES, [entry])
    return tmp_path


def test_furniture_of_enough_points_is_cut_out_and_held_out_rooms_are_tested_on(rooms):
    train = RoomObjectDataset(data_root=str(rooms), split='train', **INFOS)
    test = RoomObjectDataset(data_root=str(rooms), split='test', **INFOS)
    assert train.metainfo['classes'] == ('chair', 'table')
    names = [[info['object_name'] for info in split] for split in (train, test)]
    assert names == [['chair_0001', 'table_0001', 'chair_0002'], ['chair_0003', 'table_0002', 'chair_0004']]
    _, xyz = write_room(rooms / 'again', 'x', 0)
    for row, (start, count) in enumerate([(50, 40), (90, MIN_POINTS), (90 + MIN_POINTS, 45)]):
        own = xyz[start : start + count]
        own = own - own.mean(0)
        own /= np.linalg.norm(own, axis=1).max()
        found = train[row]['points'].numpy()
        np.testing.assert_allclose(found[found[:, 0].argsort()], own[own[:, 0].argsort()], atol=2e-5)


def test_objects_that_are_there_are_read_as_they_are(rooms):
    RoomObjectDataset(data_root=str(rooms), **INFOS)
    (rooms / 'objects' / 'modelnet40_train.txt').write_text('table_0001\n')
    (rooms / 's3dis_infos_Area_1.pkl').unlink()
    assert [info['object_name'] for info in RoomObjectDataset(data_root=str(rooms), **INFOS)] == [
        'table_0001'
    ]


def test_a_cut_that_fails_leaves_nothing_behind(rooms):
    (rooms / 'instance_mask' / 'Area_5_office_1.bin').unlink()
    with pytest.raises(ValueError, match='instance_mask/Area_5_office_1.bin is missing'):
        RoomObjectDataset(data_root=str(rooms), **INFOS)
    assert not (rooms / 'objects').exists() and not list(rooms.glob('.objects*'))


def test_a_folder_that_was_left_half_made_is_named(rooms):
    (rooms / 'objects' / 'chair').mkdir(parents=True)
    with pytest.raises(ValueError, match='objects must be missing or a data set'):
        RoomObjectDataset(data_root=str(rooms), **INFOS)


def test_rooms_without_objects_are_named(tmp_path):
    write_info_file(tmp_path, 's3dis', 'Area_1', S3DIS_BOXES, [])
    with pytest.raises(ValueError, match='must hold rooms with objects'):
        RoomObjectDataset(data_root=str(tmp_path), train_infos=['s3dis_infos_Area_1.pkl'])
