"""Data sets of objects in their published layouts: what is written is read, what is broken is named."""

import json
import sys
from types import SimpleNamespace

import numpy as np
import pytest

from swin3d_mmdet3d.datasets import FewShotObjectDataset, ObjectCloudDataset
from swin3d_mmdet3d.datasets.layout.modelnet40 import read_off, write_cloud, write_lists
from swin3d_mmdet3d.datasets.layout.object_layouts import OBJECT_LAYOUTS, PUBLISHED_COUNTS, open_objects
from swin3d_mmdet3d.datasets.layout.shapenet_part import PARTS
from swin3d_mmdet3d.tools.check_objects import faults, main

SQUARE = 'OFF4 1 0\n0 0 0\n2 0 0\n2 1 0\n0 1 0\n4 0 1 2 3\n'  # the counts behind OFF, as in ModelNet40


def cloud(seed, points=20):
    return np.random.default_rng(seed).normal(size=(points, 3)).astype(np.float32)


def write_text(root):
    for name in ('chair_0001', 'night_stand_0001', 'night_stand_0002'):
        write_cloud(root, name, np.repeat(cloud(len(name)), 2, axis=1)[:, [0, 2, 4, 1, 3, 5]])
    splits = {'train': ['chair_0001', 'night_stand_0001'], 'test': ['night_stand_0002']}
    write_lists(root, ['chair', 'night_stand'], splits)
    return [('chair_0001', 0), ('night_stand_0001', 1)], cloud(len('chair_0001'))


def write_shapenet(root):
    (root / 'ShapeNet-55').mkdir()
    (root / 'shapenet_pc').mkdir()
    names = ['02691156-1a04', '04379243-77', '02691156-2b']
    (root / 'ShapeNet-55' / 'train.txt').write_text(''.join(f'{name}.npy\n' for name in names[:2]))
    (root / 'ShapeNet-55' / 'test.txt').write_text(f'{names[2]}.npy\n')
    for number, name in enumerate(names):
        np.save(root / 'shapenet_pc' / f'{name}.npy', cloud(number))
    return [(names[0], 0), (names[1], 1)], cloud(0)


def write_parts(root):
    (root / 'train_test_split').mkdir()
    (root / '03636649').mkdir()
    (root / 'synsetoffset2category.txt').write_text('Airplane\t02691156\nLamp\t03636649\n')
    table = np.column_stack([cloud(5), cloud(6), np.arange(20) % 4 + 24])
    np.savetxt(root / '03636649' / 'abc.txt', table, fmt='%.6f')
    for split in ('train', 'val', 'test'):
        listed = ['shape_data/03636649/abc'] if split == 'train' else []
        path = root / 'train_test_split' / f'shuffled_{split}_file_list.json'
        path.write_text(json.dumps(listed))
    return [('03636649/abc', list(PARTS).index('Lamp'))], cloud(5)


WRITERS = {'modelnet40-txt': write_text, 'shapenet55': write_shapenet, 'shapenetpart': write_parts}


@pytest.mark.parametrize('layout', WRITERS)
def test_names_labels_and_points_are_those_that_were_written(layout, tmp_path):
    wanted, first = WRITERS[layout](tmp_path)
    objects = open_objects(layout, tmp_path, 'train')
    assert list(zip(objects.names, objects.labels)) == wanted
    np.testing.assert_allclose(objects.points(0), first, atol=1e-6)


def test_parts_come_with_the_points_and_those_of_another_category_are_named(tmp_path):
    write_parts(tmp_path)
    sample = ObjectCloudDataset(data_root=str(tmp_path), layout='shapenetpart', split='train')[0]
    np.testing.assert_array_equal(sample['pts_semantic_mask'], np.arange(20) % 4 + 24)
    path = tmp_path / '03636649' / 'abc.txt'
    path.write_text(path.read_text().replace(' 24.000000\n', ' 3.000000\n'))
    with pytest.raises(ValueError, match='abc.txt must hold parts'):
        ObjectCloudDataset(data_root=str(tmp_path), layout='shapenetpart', split='train')[0]


def test_meshes_are_sampled_evenly_and_always_alike(tmp_path):
    for split, number in (('train', 1), ('test', 2)):
        (tmp_path / 'board' / split).mkdir(parents=True)
        (tmp_path / 'board' / split / f'board_000{number}.off').write_text(SQUARE)
    objects = open_objects('modelnet40-off', tmp_path, 'train')
    assert (objects.names, objects.labels, objects.classes) == (['board_0001'], [0], ('board',))
    points = objects.points(0)
    np.testing.assert_array_equal(points, open_objects('modelnet40-off', tmp_path, 'train').points(0))
    assert not np.array_equal(points, open_objects('modelnet40-off', tmp_path, 'test').points(0))
    # even over a rectangle of 2 x 1: mean 1 and 0.5, variance 1/3 and 1/12
    np.testing.assert_allclose(points.mean(0), [1, 0.5, 0], atol=0.03)
    np.testing.assert_allclose(points.var(0), [1 / 3, 1 / 12, 0], atol=0.01)


@pytest.mark.parametrize(
    'text',
    [
        '',
        'OFF',
        'OFF 3 1 0\n0 0 0\n1 0 0\n0 1 0\n3 0 1 7\n',
        'OFF 3 1 0\n0 0 0\n1 0 0\n0 1 0\n3 0 1\n',
        'PLY',
    ],
)
def test_a_broken_mesh_is_named(text, tmp_path):
    (tmp_path / 'x.off').write_text(text)
    with pytest.raises(ValueError, match='x.off must be an OFF mesh'):
        read_off(tmp_path / 'x.off')


class StandIn:
    """h5py, as far as it is used, on NPZ files."""

    def __init__(self, path, mode):
        self.arrays = np.load(path)

    def __enter__(self):
        return self.arrays

    def __exit__(self, *error):
        self.arrays.close()


def write_hdf5(module, path, data, label):
    path.parent.mkdir(parents=True, exist_ok=True)
    if module == 'stand-in':
        with open(path, 'wb') as file:
            np.savez(file, data=data, label=label)
        return
    h5py = pytest.importorskip('h5py', reason='h5py is not installed')
    with h5py.File(path, 'w') as file:
        file['data'], file['label'] = data, label


@pytest.fixture(params=['stand-in', 'h5py'])
def module(request, monkeypatch):
    if request.param == 'stand-in':
        monkeypatch.setitem(sys.modules, 'h5py', SimpleNamespace(File=StandIn))
    return request.param


def test_hdf5_files_of_modelnet_follow_each_other_by_their_number(module, tmp_path):
    (tmp_path / 'shape_names.txt').write_text('airplane\nbathtub\n')
    for number in (0, 2, 10):
        data = np.stack([cloud(number), cloud(number + 1)])
        label = np.array([[0], [1]], np.uint8)
        write_hdf5(module, tmp_path / f'ply_data_train{number}.h5', data, label)
    objects = open_objects('modelnet40-h5', tmp_path, 'train')
    assert objects.labels == [0, 1] * 3
    for row, seed in enumerate((0, 1, 2, 3, 10, 11)):
        np.testing.assert_array_equal(objects.points(row), cloud(seed))
    with pytest.raises(ValueError, match='ply_data_test0.h5 is missing'):
        open_objects('modelnet40-h5', tmp_path, 'test')


@pytest.mark.parametrize(
    'variant, file',
    [
        ('obj-bg', 'main_split/training_objectdataset.h5'),
        ('obj-only', 'main_split_nobg/training_objectdataset.h5'),
        ('pb-t50-rs', 'main_split/training_objectdataset_augmentedrot_scale75.h5'),
    ],
)
def test_each_variant_of_scanobjectnn_has_its_file(variant, file, module, tmp_path):
    write_hdf5(module, tmp_path / file, np.stack([cloud(7), cloud(8)]), np.array([14, 0]))
    objects = open_objects(f'scanobjectnn-{variant}', tmp_path, 'train')
    assert [objects.classes[label] for label in objects.labels] == ['toilet', 'bag']
    np.testing.assert_array_equal(objects.points(1), cloud(8))


def test_hdf5_without_its_package_says_what_installs_it(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, 'h5py', None)
    (tmp_path / 'ply_data_train0.h5').write_bytes(b'')
    with pytest.raises(ValueError, match=r'swin3d_mmdet3d\[objects\]'):
        open_objects('modelnet40-h5', tmp_path, 'train')


@pytest.mark.parametrize('data', [np.zeros((2, 5)), np.zeros((3, 5, 3)), np.full((2, 5, 3), np.nan)])
def test_hdf5_of_another_shape_or_without_numbers_is_named(data, module, tmp_path):
    path = tmp_path / 'main_split' / 'training_objectdataset.h5'
    write_hdf5(module, path, data, np.array([0, 1]))
    with pytest.raises(ValueError, match='training_objectdataset'):
        open_objects('scanobjectnn-obj-bg', tmp_path, 'train').points(0)


def test_what_is_missing_or_broken_is_named(tmp_path):
    with pytest.raises(ValueError, match='layout must be one of modelnet40-txt'):
        open_objects('modelnet', tmp_path, 'train')
    with pytest.raises(ValueError, match='is missing'):
        open_objects('modelnet40-txt', tmp_path / 'none', 'train')
    with pytest.raises(ValueError, match='split must be one of train, test'):
        open_objects('modelnet40-txt', tmp_path, 'val')
    write_text(tmp_path)
    (tmp_path / 'chair' / 'chair_0001.txt').write_text('1,2\n')
    with pytest.raises(ValueError, match='chair_0001.txt'):
        open_objects('modelnet40-txt', tmp_path, 'train').points(0)
    (tmp_path / 'modelnet40_train.txt').write_text('sofa_0001\n')
    with pytest.raises(ValueError, match=r"it lacks \['sofa'\]"):
        open_objects('modelnet40-txt', tmp_path, 'train')


def test_the_check_counts_classes_and_objects_and_reads_them(monkeypatch, tmp_path):
    assert set(PUBLISHED_COUNTS) == set(OBJECT_LAYOUTS)
    write_text(tmp_path)
    found = list(faults('modelnet40-txt', tmp_path))
    assert 'train: expected 9843 objects, got 2' in found and 'test: expected 40 classes, got 2' in found
    monkeypatch.setitem(PUBLISHED_COUNTS, 'modelnet40-txt', (2, {'train': 2}))
    assert main(['modelnet40-txt', str(tmp_path)]) == 0
    (tmp_path / 'night_stand' / 'night_stand_0001.txt').unlink()
    assert main(['modelnet40-txt', str(tmp_path), '--read']) == 1


def few_shot(root, split, shots, fold=0):
    return FewShotObjectDataset(
        data_root=str(root), layout='modelnet40-txt', split=split, num_ways=2, num_shots=shots, fold=fold
    )


def test_few_shots_are_the_same_classes_in_both_splits_and_others_in_another_fold(tmp_path):
    kinds = ['a', 'b', 'c', 'd', 'e']
    splits = {'train': [f'{k}_{n:04d}' for k in kinds for n in range(4)]}
    splits['test'] = [f'{k}_{n:04d}' for k in kinds for n in range(4, 6)]
    for names in splits.values():
        for name in names:
            write_cloud(tmp_path, name, np.zeros((4, 6)))
    write_lists(tmp_path, kinds, splits)
    folds = set()
    for fold in range(4):
        train, test = few_shot(tmp_path, 'train', 3, fold), few_shot(tmp_path, 'test', 2, fold)
        assert train.metainfo['classes'] == test.metainfo['classes'] and len(train) == 6 and len(test) == 4
        folds.add(train.metainfo['classes'])
        for data in (train, test):
            for info in data:
                assert info['object_name'][0] == data.metainfo['classes'][info['gt_label']]
            assert len({info['object_name'] for info in data}) == len(data)
    assert len(folds) > 1
    with pytest.raises(ValueError, match='num_shots must lie in'):
        few_shot(tmp_path, 'test', 3)
