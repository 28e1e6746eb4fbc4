"""The written files: reproducible, complete, readable by the stock datasets, and not too easy."""

import pickle
import sys
from dataclasses import replace

import cv2
import numpy as np
import pytest

from swin3d_mmdet3d.datasets.class_lists import S3DIS
from swin3d_mmdet3d.synthetic_rooms import generator_hash, make_rooms
from swin3d_mmdet3d.synthetic_rooms.make_rooms import RECIPE, RoomSettings

make_rooms_module = sys.modules['swin3d_mmdet3d.synthetic_rooms.make_rooms']


@pytest.fixture(scope='module')
def offices(tmp_path_factory):
    return make_rooms(
        's3dis', tmp_path_factory.mktemp('s3dis'), 12, 6000, frames_per_room=1, workers=1, frame_size=(64, 48)
    )


@pytest.fixture(scope='module')
def homes(tmp_path_factory):
    return make_rooms('scannet', tmp_path_factory.mktemp('scannet'), 10, 5000, workers=2)


def infos(root, name):
    return pickle.loads((root / name).read_bytes())['data_list']


def read(root, folder, name):
    kind, columns = {'points': (np.float32, 6), 'normals': (np.float32, 3)}.get(folder, (np.int64, 1))
    return np.fromfile(root / folder / f'{name}.bin', kind).reshape(-1, columns).squeeze()


def all_bytes(root):
    return {p.relative_to(root): p.read_bytes() for p in sorted(root.rglob('*')) if p.is_file()}


def test_same_seed_gives_the_same_bytes_in_any_number_of_workers(tmp_path):
    options = {'num_rooms': 3, 'points_per_room': 2000, 'frames_per_room': 1, 'frame_size': (32, 24)}
    one = make_rooms('s3dis', tmp_path / 'one', workers=1, **options)
    two = make_rooms('s3dis', tmp_path / 'two', workers=2, **options)
    other = make_rooms('s3dis', tmp_path / 'other', workers=1, seed=1, **options)
    assert all_bytes(one) == all_bytes(two)
    assert all_bytes(one) != all_bytes(other)


def test_finished_rooms_are_kept_only_for_the_same_settings(tmp_path):
    make_rooms('s3dis', tmp_path, 1, 2000, workers=1)
    points = tmp_path / 'points' / 'Area_1_conferenceRoom_1.bin'
    stamp = points.stat().st_mtime_ns
    make_rooms('s3dis', tmp_path, 1, 2000, workers=1)
    assert points.stat().st_mtime_ns == stamp
    make_rooms('s3dis', tmp_path, 1, 3000, workers=1)
    assert points.stat().st_size == 3000 * 24
    assert not list(tmp_path.rglob('*.partial*'))


def test_boxes_of_s3dis_hold_exactly_the_points_of_one_instance(offices):
    for area in range(1, 7):
        for info in infos(offices, f's3dis_infos_Area_{area}.pkl'):
            name = info['lidar_points']['lidar_path'][:-4]
            xyz = read(offices, 'points', name)[:, :3]
            instance = read(offices, 'instance_mask', name)
            semantic = read(offices, 'semantic_mask', name)
            assert len(xyz) <= 6000 and np.abs(xyz.min(axis=0)).max() < 1e-6
            expected = []
            for index in range(1, instance.max() + 1):
                own = instance == index
                assert np.ptp(semantic[own]) == 0
                if 7 <= semantic[own][0] <= 11:
                    low, high = xyz[own].min(axis=0), xyz[own].max(axis=0)
                    expected.append([*(low + high) / 2, *(high - low), semantic[own][0] - 7])
            found = [[*it['bbox_3d'], it['bbox_label_3d']] for it in info['instances']]
            np.testing.assert_allclose(np.reshape(found, (-1, 7)), np.reshape(expected, (-1, 7)), atol=1e-5)


def test_boxes_of_scannet_fit_the_points_after_alignment(homes):
    count = 0
    for info in infos(homes, 'scannet_infos_train.pkl'):
        name = info['lidar_points']['lidar_path'][:-4]
        align = np.array(info['axis_align_matrix'])
        np.testing.assert_allclose(align[:3, :3] @ align[:3, :3].T, np.eye(3), atol=1e-9)
        assert np.abs(align[:3, :3] - np.eye(3)).max() > 1e-3
        xyz = read(homes, 'points', name)[:, :3] @ align[:3, :3].T + align[:3, 3]
        instance = read(homes, 'instance_mask', name)
        tight = [
            np.concatenate([(p.min(0) + p.max(0)) / 2, np.ptp(p, axis=0)])
            for p in (xyz[instance == k] for k in range(1, instance.max() + 1))
        ]
        for it in info['instances']:
            assert np.abs(np.array(tight) - it['bbox_3d']).max(axis=1).min() < 1e-4
            count += 1
    assert count > 20


def test_scannet_test_split_has_no_labels(homes):
    (info,) = infos(homes, 'scannet_infos_test.pkl')
    assert 'pts_semantic_mask_path' not in info and info['instances'] == []
    assert not (homes / 'semantic_mask' / info['lidar_points']['lidar_path']).exists()


def test_pose_and_depth_of_a_frame_meet_the_written_points(offices):
    from scipy.spatial import cKDTree

    from swin3d_mmdet3d.geometry.camera import pixel_grid, unproject

    folder = offices / 'posed_images' / 'Area_1_conferenceRoom_1'
    depth = cv2.imread(str(folder / '00000.png'), cv2.IMREAD_UNCHANGED)
    assert depth.dtype == np.uint16 and depth.shape == (48, 64)
    assert cv2.imread(str(folder / '00000.jpg')).shape == (48, 64, 3)
    pose, intrinsic = (np.loadtxt(folder / it) for it in ('00000.txt', 'intrinsic.txt'))
    metres = depth.ravel() / 1000
    world = unproject(pixel_grid(64, 48), metres, pose, intrinsic)[metres > 0]
    tree = cKDTree(read(offices, 'points', 'Area_1_conferenceRoom_1')[:, :3])
    assert np.median(tree.query(world)[0]) < 0.08


def mean_iou(prediction, truth):
    scores = []
    for k in range(len(S3DIS)):
        union = ((prediction == k) | (truth == k)).sum()
        if (truth == k).any():
            scores.append(((prediction == k) & (truth == k)).sum() / union)
    return np.mean(scores)


def test_neither_height_nor_colour_alone_tells_the_classes(offices):
    def gather(areas):
        names = [
            info['lidar_points']['lidar_path'][:-4]
            for area in areas
            for info in infos(offices, f's3dis_infos_Area_{area}.pkl')
        ]
        points = np.concatenate([read(offices, 'points', name) for name in names])
        return points, np.concatenate([read(offices, 'semantic_mask', name) for name in names])

    train, train_labels = gather((1, 2, 3, 4, 6))
    held_out, labels = gather((5,))
    features = {
        'height': lambda p: np.clip(p[:, 2] / 0.05, 0, 127).astype(int),
        'colour': lambda p: (p[:, 3:] // 16).astype(int) @ [1, 16, 256],
    }
    for feature in features.values():
        votes = np.zeros((4096, len(S3DIS)))
        np.add.at(votes, (feature(train), train_labels), 1)
        for weight in (1, 1 / np.bincount(train_labels, minlength=len(S3DIS))):
            prediction = (votes * weight).argmax(axis=1)[feature(held_out)]
            assert mean_iou(prediction, labels) < 0.35


def test_all_classes_occur_in_training_and_held_out_areas(offices):
    for areas in ((5,), (1, 2, 3, 4, 6)):
        found = set()
        for area in areas:
            for info in infos(offices, f's3dis_infos_Area_{area}.pkl'):
                found |= set(read(offices, 'semantic_mask', info['lidar_points']['lidar_path'][:-4]))
        assert len(found) >= 12


def test_every_info_file_tells_the_generator(offices, homes):
    files = [*offices.glob('*.pkl'), *homes.glob('*.pkl')]
    assert len(files) == 6 + 3
    for file in files:
        metainfo = pickle.loads(file.read_bytes())['metainfo']
        assert (metainfo['generator'], metainfo['recipe']) == (generator_hash(), RECIPE)


def test_the_generator_s_hash_changes_with_any_of_its_files(tmp_path):
    def write(name, text):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
        return generator_hash(tmp_path)

    hashes = [write('a.py', 'a = 1'), write('furniture/b.py', ''), write('a.py', 'a = 2')]
    hashes.append(write('furniture/b.py', 'b'))
    (tmp_path / 'a.py').rename(tmp_path / 'c.py')
    assert len({*hashes, generator_hash(tmp_path)}) == 5


def test_rooms_of_another_generator_are_not_kept(tmp_path, monkeypatch):
    options = dict(num_rooms=1, points_per_room=1000, workers=1)
    points = make_rooms('s3dis', tmp_path, **options) / 'points' / 'Area_1_conferenceRoom_1.bin'
    stamp = points.stat().st_mtime_ns
    other = replace(RoomSettings('s3dis', 1000, 0, (640, 480), 0), generator='another')
    monkeypatch.setattr(make_rooms_module, 'RoomSettings', lambda *_: other)
    make_rooms('s3dis', tmp_path, **options)
    assert points.stat().st_mtime_ns != stamp


def test_normals_are_unit_or_zero_and_held_out_rooms_have_all(homes):
    for split in ('train', 'val'):
        for info in infos(homes, f'scannet_infos_{split}.pkl'):
            normals = read(homes, 'normals', info['lidar_points']['lidar_path'][:-4])
            length = np.linalg.norm(normals, axis=1)
            assert (np.isclose(length, 1, atol=1e-5) | ((length == 0) & (split == 'train'))).all()


def test_stock_datasets_read_the_files(offices, homes):
    from mmdet3d.datasets import S3DISDataset, S3DISSegDataset, ScanNetDataset, ScanNetSegDataset

    load = [
        {
            'type': 'LoadPointsFromFile',
            'coord_type': 'DEPTH',
            'load_dim': 6,
            'use_dim': list(range(6)),
            'use_color': True,
        }
    ]
    masks = [
        {
            'type': 'LoadAnnotations3D',
            'with_bbox_3d': False,
            'with_label_3d': False,
            'with_mask_3d': True,
            'with_seg_3d': True,
        },
        {'type': 'PointSegClassMapping'},
    ]
    prefix = {'pts': 'points', 'pts_instance_mask': 'instance_mask', 'pts_semantic_mask': 'semantic_mask'}
    area, train = 's3dis_infos_Area_5.pkl', 'scannet_infos_train.pkl'
    for kind, root, infos_name in (
        (S3DISSegDataset, offices, area),
        (ScanNetSegDataset, homes, train),
    ):
        names = {'ann_files' if kind is S3DISSegDataset else 'ann_file': infos_name}
        data = kind(
            data_root=str(root),
            metainfo={'classes': kind.METAINFO['classes']},
            data_prefix=prefix,
            pipeline=load + masks,
            test_mode=True,
            **names,
        )
        item = data[0]
        assert len(item['points']) == len(item['pts_semantic_mask'])
        assert set(np.unique(item['pts_semantic_mask'])) <= set(range(len(kind.METAINFO['classes']) + 1))
    boxes = {'type': 'LoadAnnotations3D', 'with_bbox_3d': True, 'with_label_3d': True}
    for kind, root, infos_name in ((S3DISDataset, offices, area), (ScanNetDataset, homes, train)):
        data = kind(
            data_root=str(root),
            ann_file=infos_name,
            data_prefix=prefix,
            pipeline=[*load, boxes],
            filter_empty_gt=False,
        )
        item = data[0]
        assert len(item['gt_bboxes_3d']) == len(item['gt_labels_3d']) > 0


@pytest.mark.parametrize(
    'options, message',
    [
        ({'domain': 'kitti'}, "domain must be one of s3dis, scannet, structured3d, got 'kitti'"),
        ({'num_rooms': 0}, 'num_rooms must be at least 1, got 0'),
        ({'points_per_room': -5}, 'points_per_room must be at least'),
        ({'frames_per_room': -1}, 'frames_per_room must be at least 0'),
        ({'workers': 0}, 'workers must be at least 1'),
        ({'seed': -1}, 'seed must be at least 0'),
        ({'frame_size': (4, 4)}, 'frame_size must be at least'),
    ],
)
def test_bad_settings_are_named_and_leave_nothing(tmp_path, options, message):
    settings = {'domain': 's3dis', 'out': tmp_path / 'rooms', 'num_rooms': 1, **options}
    with pytest.raises(ValueError, match=message):
        make_rooms(**settings)
    assert not (tmp_path / 'rooms').exists()


def test_an_output_that_is_a_file_is_refused(tmp_path):
    (tmp_path / 'file').write_text('')
    with pytest.raises(ValueError, match='out must be a folder'):
        make_rooms('s3dis', tmp_path / 'file', 1)
