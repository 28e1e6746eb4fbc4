"""Pairs of frames: which overlap, what is kept of it, and the views they become."""

import numpy as np
import pytest
from mmdet3d.registry import DATASETS, TRANSFORMS
from posed_frames import write_frame, write_posed_room

import swin3d_mmdet3d  # noqa: F401
from swin3d_mmdet3d.datasets.layout import frame_overlaps as overlaps

WIDTH, HEIGHT = 30, 24
PAIRS = dict(type='RGBDPairDataset', pipeline=[])
VIEW = [dict(type='BackProjectFrames'), dict(type='SourceCoords')]
VIEWS = [dict(type='LoadRGBDFrames', num_frames=2), dict(type='FrameViews', pipeline=VIEW)]


def write_wall(root, shifts, scene='wall'):
    """Frames that face a wall, moved along it by so many pixels, which lie 10 cm apart on it."""
    folder = root / 'posed_images' / scene
    folder.mkdir(parents=True)
    intrinsic = np.diag([20.0, 20.0, 1.0, 1.0])
    intrinsic[:2, 2] = (WIDTH - 1) / 2, (HEIGHT - 1) / 2
    np.savetxt(folder / 'intrinsic.txt', intrinsic)
    for index, shift in enumerate(shifts):
        pose = np.eye(4)
        pose[0, 3] = 0.1 * shift
        image = np.zeros((HEIGHT, WIDTH, 3), dtype=np.uint8)
        write_frame(folder, index, image, np.full((HEIGHT, WIDTH), 2000), pose)
    return root


def pairs_of(dataset):
    found = [dataset.get_data_info(index) for index in range(len(dataset))]
    return {tuple(int(name) for _, name in info['frame_files']): info['overlap'] for info in found}


def test_pairs_are_the_frames_that_overlap_by_at_least_the_share(tmp_path):
    write_wall(tmp_path, [0, 21, 22, 200])
    dataset = DATASETS.build(dict(PAIRS, data_root=str(tmp_path)))
    assert pairs_of(dataset) == pytest.approx({(0, 1): 0.3, (1, 2): 29 / 30})
    dataset = DATASETS.build(dict(PAIRS, data_root=str(tmp_path), min_overlap=8 / 30))
    assert pairs_of(dataset) == pytest.approx({(0, 1): 0.3, (0, 2): 8 / 30, (1, 2): 29 / 30})
    with pytest.raises(ValueError, match='must hold two frames that overlap, found none'):
        DATASETS.build(dict(PAIRS, data_root=str(tmp_path), min_overlap=0.99))
    with pytest.raises(ValueError, match=r'min_overlap must lie in \(0, 1\], got 0'):
        DATASETS.build(dict(PAIRS, data_root=str(tmp_path), min_overlap=0))


def test_frames_of_two_scenes_are_no_pair(tmp_path):
    write_wall(write_wall(tmp_path, [0, 3], 'first'), [0, 3], 'second')
    dataset = DATASETS.build(dict(PAIRS, data_root=str(tmp_path)))
    folders = [{folder for folder, _ in dataset.get_data_info(i)['frame_files']} for i in range(2)]
    assert len(dataset) == 2 and [len(found) for found in folders] == [1, 1]


def test_an_overlap_is_measured_once_and_again_where_the_frames_are_others(tmp_path, monkeypatch):
    write_wall(tmp_path, [0, 10, 20])
    measure, calls = overlaps.measure_overlaps, []

    def counted(folder, names):
        calls.append(list(names))
        return measure(folder, names)

    monkeypatch.setattr(overlaps, 'measure_overlaps', counted)

    def build(**settings):
        return pairs_of(DATASETS.build(dict(PAIRS, data_root=str(tmp_path), **settings)))

    first = build()
    assert build() == first and len(calls) == 1
    assert (tmp_path / 'frame_overlaps' / 'wall.npz').is_file()
    assert set(build(frame_step=2)) == {(0, 2)} and len(calls) == 2
    assert build() == first and len(calls) == 3
    depth = tmp_path / 'posed_images' / 'wall' / '00001.png'
    content = depth.read_bytes()
    write_frame(depth.parent, 1, np.zeros((HEIGHT, WIDTH, 3), np.uint8), np.zeros((HEIGHT, WIDTH)), np.eye(4))
    assert len(depth.read_bytes()) != len(content)
    assert set(build()) == {(0, 2)} and len(calls) == 4  # the frame without depth overlaps nothing
    pose = depth.with_name('00002.txt')
    content = pose.read_text()
    pose.write_text(content.replace('2.0', '9.0', 1))
    assert len(pose.read_text()) == len(content)
    with pytest.raises(ValueError, match='must hold two frames that overlap, found none'):
        build()
    assert len(calls) == 5


@pytest.mark.parametrize('content', [b'', b'PK\x03\x04 cut off', b'no archive'])
def test_a_broken_file_of_overlaps_is_named(tmp_path, content):
    write_wall(tmp_path, [0, 3])
    (tmp_path / 'frame_overlaps').mkdir()
    (tmp_path / 'frame_overlaps' / 'wall.npz').write_bytes(content)
    with pytest.raises(ValueError, match=r'wall\.npz must hold overlaps of frames, remove it'):
        DATASETS.build(dict(PAIRS, data_root=str(tmp_path)))


def test_each_view_is_the_cloud_of_one_frame_and_both_lie_in_the_scene(tmp_path):
    root = write_posed_room(tmp_path, num_frames=12)
    dataset = DATASETS.build(dict(PAIRS, data_root=str(root), pipeline=VIEWS))
    points = np.fromfile(root / 'points' / 'room.bin', dtype=np.float32).reshape(12, -1, 6)
    orders = set()
    for index in range(len(dataset)):
        numbers = [int(name) for _, name in dataset.get_data_info(index)['frame_files']]
        views = dataset[index]['views']
        shown = [int(view['frames'][0].name[-5:]) for view in views]
        assert sorted(shown) == sorted(numbers)
        orders.add(shown == numbers)
        for view, number in zip(views, shown):
            places = view['per_point']['source_xyz']
            np.testing.assert_allclose(places, points[number][:, :3], atol=2e-3)
            np.testing.assert_array_equal(view['points'].coord.numpy(), places)
    assert orders == {True, False}  # either may come first


def test_a_pair_of_which_a_frame_is_unusable_is_skipped(tmp_path):
    write_wall(tmp_path, [0, 3])
    dataset = DATASETS.build(dict(PAIRS, data_root=str(tmp_path), pipeline=VIEWS))
    write_frame(
        tmp_path / 'posed_images' / 'wall',
        1,
        np.zeros((HEIGHT, WIDTH, 3), np.uint8),
        np.zeros((HEIGHT, WIDTH)),
        np.eye(4),
    )
    assert dataset.prepare_data(0) is None


def test_a_view_without_images_packs_its_cloud_alone(tmp_path):
    root = write_posed_room(tmp_path, num_frames=12)
    clouds = [VIEWS[0], dict(type='FrameViews', pipeline=[*VIEW, dict(type='DropFrames')])]
    pipeline = [*clouds, dict(type='PackPretrainInputs')]
    dataset = DATASETS.build(dict(PAIRS, data_root=str(root), pipeline=pipeline))
    views = dataset[0]['inputs']['views']
    assert [sorted(view['per_point']) for view in views] == [['point_ids', 'source_xyz']] * 2
    assert all(view['per_image'] == view['per_match'] == {} for view in views)
    assert TRANSFORMS.build(dict(type='DropFrames')).transform(dict(scene=1)) == dict(scene=1)
