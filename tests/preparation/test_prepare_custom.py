"""One's own scans: what is found in a folder, what is written of it, and what is refused by name."""

import json
import pickle

import numpy as np
import pytest
from mmdet3d.registry import DATASETS
from mmengine.config import Config
from own_scans import NAMES, UNLABELLED, write_office_scans
from plyfile import PlyData

import swin3d_mmdet3d  # noqa: F401  (registers the data sets)
from swin3d_mmdet3d.preparation import OwnFrame, prepare_custom
from swin3d_mmdet3d.preparation.own_boxes import read_own_boxes
from swin3d_mmdet3d.preparation.own_labels import OwnClasses, parse_classes, read_classes, read_labels
from swin3d_mmdet3d.preparation.own_scans import find_own_scans
from swin3d_mmdet3d.scan_files import READERS
from swin3d_mmdet3d.scan_files.arrays import read_npz
from swin3d_mmdet3d.tools import prepare_custom as tool

CLASSES = [f'{name}={number}' for number, name in enumerate(NAMES)]


def infos_of(out, split):
    return pickle.loads((out / f'custom_infos_{split}.pkl').read_bytes())


def points_of(out, info):
    return np.fromfile(out / 'points' / info['lidar_points']['lidar_path'], np.float32).reshape(-1, 6)


@pytest.fixture(scope='module')
def prepared(tmp_path_factory):
    """Four offices, two far from the origin, and what the tool makes of them."""
    folder = tmp_path_factory.mktemp('own')
    scans, out = write_office_scans(folder / 'scans', rooms=4), folder / 'out'
    arguments = [
        str(scans),
        str(out),
        '--classes',
        *CLASSES,
        '--unlabelled',
        str(UNLABELLED),
        '--workers',
        '1',
    ]
    assert tool.main([*arguments, '--val-share', '0.25']) == 0
    return scans, out


def test_points_and_labels_are_those_of_the_files(prepared):
    scans, out = prepared
    entries = [info for split in ('train', 'val') for info in infos_of(out, split)['data_list']]
    assert len(entries) == 4
    for info in entries:
        vertex = PlyData.read(str(scans / info['source']))['vertex']
        points, origin = points_of(out, info), np.array(info['origin'])
        xyz = np.stack([vertex[axis] for axis in 'xyz'], axis=1)
        np.testing.assert_allclose(points[:, :3] + origin, xyz, atol=1e-5)  # also 5000 km from the origin
        assert 0 <= points[:, :3].min() < 1.1
        mask = np.fromfile(out / 'semantic_mask' / info['pts_semantic_mask_path'], np.int64)
        np.testing.assert_array_equal(mask, np.where(vertex['label'] == UNLABELLED, 255, vertex['label']))


def test_boxes_hold_the_points_of_their_class(prepared):
    _, out = prepared
    content = infos_of(out, 'train')
    names = list(content['metainfo']['categories'])
    assert names == ['desk', 'chair', 'monitor', 'lamp']
    for info in content['data_list']:
        xyz = points_of(out, info)[:, :3]
        mask = np.fromfile(out / 'semantic_mask' / info['pts_semantic_mask_path'], np.int64)
        for box in info['instances']:
            center, size = np.array(box['bbox_3d'][:3]), np.array(box['bbox_3d'][3:])
            own = mask == NAMES.index(names[box['bbox_label_3d']])
            inside = (abs(xyz - center) <= size / 2 + 0.02).all(axis=1)
            assert (own & inside).sum() > 50


def test_written_configs_read_the_prepared_scans_without_a_change(prepared):
    _, out = prepared
    segmented = Config.fromfile(out / 'custom_seg.py')
    dataset = DATASETS.build(segmented.val_dataloader.dataset)
    assert tuple(dataset.metainfo['classes']) == NAMES
    assert set(np.unique(dataset[0]['data_samples'].eval_ann_info['pts_semantic_mask'])) == {*range(6), 255}
    assert segmented.model.decode_head.num_classes == 6
    detected = Config.fromfile(out / 'custom_det.py')
    assert detected.model.bbox_head.label2level == [1, 0, 0, 1]
    sample = DATASETS.build(detected.train_dataloader.dataset)[0]['data_samples']
    assert len(sample.gt_instances_3d.labels_3d) > 0


def test_millimetres_with_y_up_give_the_same_scans(prepared, tmp_path):
    _, out = prepared
    scans = write_office_scans(tmp_path / 'scans', rooms=4, up='y', unit=0.001, far=False)
    other = tmp_path / 'out'
    prepare_custom(scans, other, CLASSES, [UNLABELLED], (0.25, 0), frame=OwnFrame(0.001, 'y'), workers=1)
    ours = {info['source']: info for split in ('train', 'val') for info in infos_of(out, split)['data_list']}
    for info in infos_of(other, 'train')['data_list']:
        twin = ours[info['source']]
        shift = np.array(twin['origin']) - np.array(info['origin'])
        if abs(shift).max() > 100:
            continue  # the other one lies far away and its numbers were rounded there
        moved = points_of(out, twin)[:, :3] + shift
        np.testing.assert_allclose(points_of(other, info)[:, :3], moved, atol=1e-4)
        for box, other_box in zip(twin['instances'], info['instances']):
            expected = np.array(box['bbox_3d']) + [*shift, 0, 0, 0]
            np.testing.assert_allclose(other_box['bbox_3d'], expected, atol=1e-6)


def test_a_damaged_scan_is_named_and_the_others_are_prepared(tmp_path):
    scans = write_office_scans(tmp_path / 'scans', rooms=3)
    (scans / 'office_01.ply').write_bytes((scans / 'office_01.ply').read_bytes()[:-100])
    outcomes = prepare_custom(scans, tmp_path / 'out', CLASSES, [UNLABELLED], (0.34, 0), workers=1)
    assert {it.scene.name: it.state for it in outcomes} == {
        'office_00': 'prepared', 'office_01': 'failed', 'office_02': 'prepared',
    }  # fmt: skip
    assert 'office_01.ply' in outcomes[1].notes[0]


def test_a_strange_id_is_told_with_its_file(tmp_path):
    scans = write_office_scans(tmp_path / 'scans', rooms=2)
    (first, *_) = prepare_custom(scans, tmp_path / 'out', CLASSES, shares=(0.5, 0), workers=1)
    assert first.state == 'failed'
    assert first.notes[0].startswith(f'{scans / "office_00.ply"}: ') or 'office_00.ply' in first.notes[0]
    assert 'got 9; name them in the classes, or as --unlabelled' in first.notes[0]


def test_without_classes_the_ids_that_occur_are_named_by_their_numbers(tmp_path):
    scans = write_office_scans(tmp_path / 'scans', rooms=2)
    prepare_custom(scans, tmp_path / 'out', shares=(0.5, 0), workers=1)
    metainfo = infos_of(tmp_path / 'out', 'train')['metainfo']
    assert metainfo['classes'] == ('0', '1', '2', '3', '4', '5', '9')


def files(folder, *names):
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text('0 0 0\n1 1 1\n')


def splits(folder, shares=(0.2, 0.0)):
    return {scene.name: scene.split for scene in find_own_scans(folder, shares, 0)}


def test_splits_are_those_of_lists_then_of_folders_then_drawn(tmp_path):
    files(tmp_path, *(f'r{i}.xyz' for i in range(10)))
    drawn = splits(tmp_path, (0.2, 0.1))
    assert sorted(drawn.values()).count('val') == 2 and sorted(drawn.values()).count('test') == 1
    assert drawn == splits(tmp_path, (0.2, 0.1))
    (tmp_path / 'train.txt').write_text('r1\nr2.xyz\n')
    (tmp_path / 'val.txt').write_text('r3\n')
    assert splits(tmp_path) == {'r1': 'train', 'r2': 'train', 'r3': 'val'}
    files(tmp_path / 'b', 'train/a.xyz', 'val/c.xyz')
    assert splits(tmp_path / 'b') == {'a': 'train', 'c': 'val'}


def test_files_that_belong_to_scans_are_no_scans(tmp_path):
    files(tmp_path, 'a.xyz', 'b.xyz', 'a.txt', 'a_labels.npy', 'b.labels.txt', 'classes.txt', 'labels/b.txt')
    assert set(splits(tmp_path, (0.5, 0.0))) == {'a', 'b'}


@pytest.mark.parametrize(
    ('names', 'lists', 'told'),
    [
        ((), {}, 'no file in .* ends in one of'),
        (('a.xyz',), {}, 'at least one to train and one to validate on, got 1 scans'),
        (('a.xyz', 'x/a.ply'), {}, 'several files for a'),
        (('a.xyz', 'b.xyz'), {'train': 'a\nc\n'}, 'names scans that are not in .*: c'),
        (('a.xyz', 'b.xyz'), {'train': 'a\n', 'val': 'a\n'}, 'names scans of split train: a'),
    ],
)
def test_folders_that_cannot_be_split_raise(names, lists, told, tmp_path):
    files(tmp_path, *names)
    for split, content in lists.items():
        (tmp_path / f'{split}.txt').write_text(content)
    with pytest.raises(ValueError, match=told):
        find_own_scans(tmp_path, (0.2, 0.0), 0)


BOX = ('desk', (1.0, 2.0, 3.0), (4.0, 5.0, 6.0))


@pytest.mark.parametrize(
    'content',
    [
        json.dumps([{'class': 'desk', 'center': [1, 2, 3], 'size': [4, 5, 6]}]),
        json.dumps(
            {'boxes': [{'label': 'desk', 'center': {'x': 1, 'y': 2, 'z': 3}, 'size': [4, 5, 6], 'yaw': 0}]}
        ),
        json.dumps({'objects': [{'name': 'desk', 'centroid': {'x': 1, 'y': 2, 'z': 3}, 'rotation': [0, 0, 0],
                                 'dimensions': {'length': 4, 'width': 5, 'height': 6}}]}),
        '# x y z dx dy dz class\n1 2 3 4 5 6 desk\n',
        '1,2,3,4,5,6,0,desk\n',
    ],
    ids=['predict', 'keys', 'nested', 'text', 'with yaw'],
)  # fmt: skip
def test_boxes_are_read_from_each_layout(content, tmp_path):
    path = tmp_path / ('a.json' if content[0] in '[{' else 'a.txt')
    path.write_text(content)
    (box,) = read_own_boxes(path)
    assert (box.name, box.center, box.size, box.yaw) == (*BOX, 0.0)


@pytest.mark.parametrize(
    ('content', 'told'),
    [
        ('{', 'not JSON'),
        ('3', 'expected a list of boxes'),
        ('[{"class": "a"}]', 'entry 0: expected class, center and size'),
        ('[{"class": "a", "center": [1, 2], "size": [1, 1, 1]}]', 'center: expected three finite numbers'),
        (
            f'[{{"class": "a", "center": [1, 2, 1{"0" * 400}], "size": [1, 1, 1]}}]',
            'center: expected three finite',
        ),
        ('[{"class": "a", "center": 3, "size": [1, 1, 1]}]', 'center: expected three finite numbers'),
        (f'[{{"class": "a", "center": [1, 2, 3], "size": [1, 1, 1], "yaw": 1{"0" * 400}}}]', 'a finite yaw'),
        ('[{"class": "a", "center": [1, 2, 3], "size": [1, 1, 1], "yaw": "1"}]', 'a finite yaw'),
        ('[{"class": "a", "center": [1, 2, 3], "size": [1, 0, 1]}]', 'edge lengths above zero'),
        (
            '[{"class": "a", "center": [1, 2, 3], "size": [1, 1, 1], "rotation": [1, 0, 0]}]',
            'vertical axis alone',
        ),
    ],
)
def test_what_is_no_box_is_told_with_its_place(content, told, tmp_path):
    (tmp_path / 'a.json').write_text(content)
    with pytest.raises(ValueError, match=f'a.json.*{told}'):
        read_own_boxes(tmp_path / 'a.json')


def test_a_line_that_is_no_box_is_told_with_its_number(tmp_path):
    (tmp_path / 'a.txt').write_text('1 2 3 4 5 6 desk\n1 2 3 desk\n')
    with pytest.raises(ValueError, match='line 2: expected x y z dx dy dz'):
        read_own_boxes(tmp_path / 'a.txt')


@pytest.mark.parametrize(
    ('name', 'content'),
    [('classes.json', '{"office desk": 3, "lamp": [5, 6]}'), ('classes.txt', 'office desk 3\nlamp 5 6\n')],
)
def test_tables_of_classes_map_several_ids_to_a_name(name, content, tmp_path):
    (tmp_path / name).write_text(content)
    classes = read_classes(tmp_path / name, (-1, 0))
    assert classes == OwnClasses(('office desk', 'lamp'), ((3,), (5, 6)), (-1, 0))
    np.testing.assert_array_equal(classes.labels(np.array([6, 3, 0, 5, -1])), [1, 0, 255, 1, 255])


@pytest.mark.parametrize('entries', [['a', 'b=1'], ['=3'], ['a=x'], ['a', 'a'], ['a=1', 'b=1']])
def test_senseless_classes_raise(entries):
    with pytest.raises(ValueError, match='classes: '):
        parse_classes(entries, (-1,))


def test_labels_beside_a_scan_are_read_from_each_layout(tmp_path):
    label = np.array([2, 0, 1])
    np.save(tmp_path / 'a_labels.npy', label.astype(np.uint8))
    (label.astype('<u4') | 7 << 16).astype('<u4').tofile(tmp_path / 'a.label')
    (tmp_path / 'a.labels.txt').write_text('2\n0\n1\n')
    (tmp_path / 'b.labels.txt').write_text('lamp\ndesk\nsofa\n')
    for name in ('a_labels.npy', 'a.label', 'a.labels.txt'):
        np.testing.assert_array_equal(read_labels(tmp_path / name, 3), label)
    named = read_labels(tmp_path / 'b.labels.txt', 3, ('desk', 'sofa', 'lamp'))
    np.testing.assert_array_equal(named, label)
    with pytest.raises(ValueError, match='one for each of 4 points, got 3'):
        read_labels(tmp_path / 'a.label', 4)


def lying_npy(path):
    np.save(path, np.arange(3))
    path.write_bytes(path.read_bytes().replace(b'(3,)', b'(4000000000,)', 1))


@pytest.mark.parametrize(
    ('write', 'told'),
    [
        (lying_npy, 'promises 32000000000 bytes'),
        (lambda path: np.save(path, [1e30, 0, 0]), 'that fit 64 bits'),
        (lambda path: np.save(path, np.uint64([2**64 - 1, 0, 0])), 'got 18446744073709551615'),
        (lambda path: np.save(path, [np.inf, 0, 0]), 'expected whole numbers'),
        (lambda path: np.save(path, ['a', 'b', 'c']), 'expected numbers'),
        (lambda path: path.write_bytes(b'\x93NUMPY\x01\x00v\x00{((((((('), 'not a whole NumPy file'),
    ],
)
def test_labels_that_lie_are_told_with_their_file(write, told, tmp_path):
    write(tmp_path / 'a.npy')
    with pytest.raises(ValueError, match=f'a.npy.*{told}'):
        read_labels(tmp_path / 'a.npy', 3)


@pytest.mark.parametrize('classes', [['a=0', 'b=1'], None])
def test_whatever_a_scan_raises_the_others_are_prepared(classes, tmp_path, monkeypatch):
    xyz = np.random.default_rng(0).uniform(0, 3, (50, 3))
    for name in 'abcd':
        np.savez(tmp_path / f'{name}.npz', xyz=xyz, label=[0, 1] * 25)

    def fail(path):
        if path.stem == 'b':
            raise MemoryError
        return read_npz(path)

    monkeypatch.setitem(READERS, '.npz', fail)
    states = [it.state for it in prepare_custom(tmp_path, tmp_path / 'out', classes, workers=1)]
    assert states == ['prepared', 'failed', 'prepared', 'prepared']


def test_turned_boxes_keep_their_yaw_and_get_the_detector_that_knows_it(tmp_path):
    scans = write_office_scans(tmp_path / 'scans', rooms=2)
    path = scans / 'office_00.json'
    entries = json.loads(path.read_text())
    entries[0]['yaw'] = 0.5
    path.write_text(json.dumps(entries))
    arguments = [str(scans), str(tmp_path / 'out'), '--classes', *CLASSES, '--unlabelled', str(UNLABELLED)]
    assert tool.main([*arguments, '--val-share', '0.5', '--workers', '1']) == 0
    infos = [info for split in ('train', 'val') for info in infos_of(tmp_path / 'out', split)['data_list']]
    assert {len(box['bbox_3d']) for info in infos for box in info['instances']} == {7}
    first = next(info for info in infos if info['source'] == 'office_00.ply')
    assert first['instances'][0]['bbox_3d'][6] == 0.5
    config = Config.fromfile(tmp_path / 'out' / 'custom_det.py')
    assert config.model.bbox_head.bbox_coder.type == 'MobiusBoxCoder'
    assert config.model.bbox_head.num_classes == 4
