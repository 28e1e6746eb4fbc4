import copy

import cv2
import numpy as np
import pytest
from mmdet3d.registry import DATASETS, TRANSFORMS
from posed_frames import INTRINSIC, ROOM, poses, room_depth, room_image, write_frame, write_posed_room

import swin3d_mmdet3d  # noqa: F401
from swin3d_mmdet3d.datasets.layout.frames import UnusableFrameError, read_frame
from swin3d_mmdet3d.datasets.transforms.views.view_packing import pack_fields
from swin3d_mmdet3d.structures.normal_points import NormalPoints
from swin3d_mmdet3d.structures.rgbd_frame import RGBDFrame

FRAME_PIPELINE = [dict(type='LoadRGBDFrames'), dict(type='BackProjectFrames')]
SCENE_PIPELINE = [
    dict(type='LoadColoredPoints'),
    dict(type='LoadNormals'),
    dict(type='LoadRGBDFrames', num_frames=3),
    dict(type='MatchVisiblePixels', tolerance=0.02),
]


def frame_dataset(root, pipeline, **kwargs):
    return DATASETS.build(dict(type='RGBDFrameDataset', data_root=str(root), pipeline=pipeline, **kwargs))


def scene_dataset(root, pipeline):
    return DATASETS.build(
        dict(type='RGBDSceneDataset', data_root=str(root), ann_file='scenes.pkl', pipeline=pipeline)
    )


def apply(transform, results):
    return TRANSFORMS.build(transform).transform(results)


def images_of(sample):
    return sample['inputs']['views'][0]['per_image']['images']


def some_frame(num_pixels=200):
    rng = np.random.default_rng(0)
    image = rng.integers(0, 256, (24, 32, 3)).astype(np.uint8)
    frame = RGBDFrame('frame', image, np.ones((24, 32), np.float32), np.eye(4), INTRINSIC)
    pixels = np.stack([rng.integers(0, 32, num_pixels), rng.integers(0, 24, num_pixels)], axis=1)
    frame.set_matches(pixels, np.arange(num_pixels))
    return frame


def colors_at(frame):
    column, row = frame.pixels.round().astype(int).T
    return frame.image[row, column]


def test_each_point_of_a_frame_has_the_place_and_colour_of_its_pixel(tmp_path):
    dataset = frame_dataset(write_posed_room(tmp_path), FRAME_PIPELINE)
    assert len(dataset) == 4
    sample = dataset[1]
    frame, points = sample['frames'][0], sample['points'].tensor.numpy()
    np.testing.assert_array_equal(points[frame.point_ids, 3:6], colors_at(frame))
    depth = room_depth(poses(4)[1])
    seen = np.abs(points[:, :3][:, None] - np.stack([0 * ROOM, ROOM])[None]).min(axis=(1, 2))
    assert len(points) == depth.size and seen.max() < 2e-3  # all points lie on a wall


def test_scene_points_match_pixels_of_their_colour_in_several_frames(tmp_path):
    sample = scene_dataset(write_posed_room(tmp_path), SCENE_PIPELINE)[0]
    points = sample['points'].tensor.numpy()
    assert len(sample['frames']) == 3 and points.shape[1] == 9
    for frame in sample['frames']:
        column, row = frame.pixels.round().astype(int).T
        shown = frame.depth[row, column]
        local = (points[frame.point_ids, :3] - frame.pose[:3, 3]) @ frame.pose[:3, :3]
        np.testing.assert_allclose(local[:, 2], shown, atol=0.02)
        assert len(np.unique(row * 32 + column)) > 0.95 * 32 * 24  # the frame is covered


def test_matches_follow_points_through_selection_and_are_dropped_with_them(tmp_path):
    pipeline = [
        *FRAME_PIPELINE,
        dict(type='GlobalRotScaleTrans', rot_range=[0.5, 0.5], scale_ratio_range=[1.1, 1.1]),
        dict(type='GridSample', voxel_size=0.3),
        dict(type='SphereCrop', max_points=80),
        dict(type='PackPretrainInputs'),
    ]
    view = frame_dataset(write_posed_room(tmp_path), pipeline)[0]['inputs']['views'][0]
    matches = view['per_match']
    column, row = matches['pixel'].long().T
    np.testing.assert_array_equal(
        view['points'][matches['point'], 3:6], view['per_image']['images'][0, :, row, column].T.float()
    )
    assert matches['point'].sort().values.tolist() == list(range(len(view['points'])))


@pytest.mark.parametrize('moves', [(5, 3), (0, 0)])
def test_moving_the_image_moves_the_pixels_by_as_much(moves, monkeypatch):
    frame = some_frame()
    before, colors = frame.pixels.copy(), colors_at(frame)
    left, top = moves
    crop = TRANSFORMS.build(dict(type='CropFrames', size=(20, 15), min_kept=0.0, attempts=1))
    monkeypatch.setattr(np.random, 'randint', lambda low, high, shape: np.array([moves]))
    crop.change(frame)
    kept = frame.point_ids
    np.testing.assert_array_equal(frame.pixels, before[kept] - [left, top])
    np.testing.assert_array_equal(colors_at(frame), colors[kept])
    inside = ((before >= moves) & (before < [left + 20, top + 15])).all(axis=1)
    np.testing.assert_array_equal(kept, np.flatnonzero(inside))


def test_flip_keeps_the_colour_at_every_pixel_and_twice_is_the_identity():
    frame = some_frame()
    before, colors = copy.deepcopy(frame), colors_at(frame)
    flip = TRANSFORMS.build(dict(type='FlipFrames', prob=1.0))
    flip.change(frame)
    np.testing.assert_array_equal(colors_at(frame), colors)
    assert (frame.pixels != before.pixels).any()
    flip.change(frame)
    np.testing.assert_array_equal(frame.pixels, before.pixels)
    np.testing.assert_array_equal(frame.image, before.image)


def test_resize_moves_pixels_as_it_moves_a_linear_image():
    frame = some_frame()
    ramp = np.arange(32, dtype=np.uint8)[None, :, None] * 4
    frame.image = np.broadcast_to(ramp, (24, 32, 3)).copy()
    u = frame.pixels[:, 0].copy()
    apply(dict(type='ResizeFrames', size=(128, 96)), dict(frames=[frame]))
    column = np.clip(frame.pixels[:, 0].round().astype(int), 0, 127)
    row = frame.pixels[:, 1].round().astype(int)
    inner = (u > 0) & (u < 31)
    value = frame.image[row, column, 0].astype(float)
    assert frame.image.shape == (96, 128, 3)
    np.testing.assert_allclose(value[inner], 4 * u[inner], atol=1.01)
    np.testing.assert_allclose(frame.pixels[:, 0], (u + 0.5) * 4 - 0.5)


def test_colour_jitter_leaves_pixels_alone_and_changes_the_image():
    frame = some_frame()
    before = copy.deepcopy(frame)
    apply(dict(type='JitterFrameColors', strength=0.5, prob=1.0), dict(frames=[frame]))
    np.testing.assert_array_equal(frame.pixels, before.pixels)
    assert (frame.image != before.image).any()


def test_small_image_is_filled_up_to_the_size_of_the_crop():
    frame = some_frame()
    before, mean = frame.image.copy(), frame.image.mean(axis=(0, 1)).round()
    apply(dict(type='CropFrames', size=(40, 30)), dict(frames=[frame]))
    np.testing.assert_array_equal(frame.image[:24, :32], before)
    np.testing.assert_array_equal(frame.image[24:], np.broadcast_to(mean, (6, 40, 3)))
    assert len(frame.pixels) == 200


def test_matching_after_the_image_was_moved_is_refused():
    frame = some_frame()
    apply(dict(type='ResizeFrames', size=(16, 12)), dict(frames=[frame]))
    with pytest.raises(ValueError, match='matched before the image is resized'):
        apply(dict(type='BackProjectFrames'), dict(frames=[frame]))


def test_two_views_keep_which_point_is_which(tmp_path):
    turn = dict(type='GlobalRotScaleTrans', rot_range=[-3, 3], scale_ratio_range=[1.0, 1.0])
    thin = dict(type='GridSample', voxel_size=0.2)
    pipeline = [
        dict(type='LoadColoredPoints'),
        dict(type='SourceCoords'),
        dict(type='MakeViews', pipelines=[[turn, thin], [thin]]),
        dict(type='PackPretrainInputs'),
    ]
    root = write_posed_room(tmp_path)
    points = np.fromfile(root / 'points' / 'room.bin', dtype=np.float32).reshape(-1, 6)
    turned, still = scene_dataset(root, pipeline)[0]['inputs']['views']
    for view in (turned, still):
        ids = view['per_point']['point_ids']
        np.testing.assert_array_equal(view['per_point']['source_xyz'], points[ids, :3])
        np.testing.assert_array_equal(view['points'][:, 3:6], points[ids, 3:])
    np.testing.assert_array_equal(still['points'][:, :3], still['per_point']['source_xyz'])
    assert not np.allclose(turned['points'][:, :3], turned['per_point']['source_xyz'])


@pytest.mark.parametrize('frame_step', [1, 3])
def test_a_labelled_scene_finds_the_frames_of_its_scan(tmp_path, frame_step):
    root = write_posed_room(tmp_path)
    scene = dict(lidar_points=dict(lidar_path=str(root / 'points' / 'room.bin')))
    found = apply(dict(type='FindSceneFrames', frame_step=frame_step), scene)['frame_files']
    assert found == scene_dataset(root, []).get_data_info(0)['frame_files'][::frame_step]
    for file in (root / 'posed_images' / 'room').glob('0*'):
        file.unlink()
    with pytest.raises(ValueError, match='posed_images/room must hold frames, found none'):
        apply(dict(type='FindSceneFrames'), scene)
    with pytest.raises(ValueError, match='posed_images/hall of frames is missing: prepare_rgbd_frames'):
        apply(
            dict(type='FindSceneFrames'),
            dict(lidar_points=dict(lidar_path=str(root / 'points' / 'hall.bin'))),
        )


def test_estimated_normals_face_the_camera_and_stand_across_the_walls(tmp_path):
    pipeline = [*FRAME_PIPELINE, dict(type='EstimateNormals', k=9)]
    sample = frame_dataset(write_posed_room(tmp_path), pipeline)[0]
    xyz, normal = sample['points'].coord.numpy(), sample['points'].normal.numpy()
    floor = (xyz[:, 2] < 0.01) & (np.minimum(xyz[:, :2], ROOM[:2] - xyz[:, :2]).min(axis=1) > 0.5)
    assert floor.sum() > 20
    np.testing.assert_allclose(normal[floor], np.tile([0, 0, 1], (floor.sum(), 1)), atol=0.05)


@pytest.mark.parametrize('side', [1, -1])
def test_estimated_normals_face_the_camera_wherever_it_stands(side):
    frame = some_frame()
    frame.pose = frame.pose.copy()
    frame.pose[2, 3] = side
    columns = np.zeros((300, 6))
    columns[:, :2] = np.random.default_rng(0).uniform(-1, 1, (300, 2))
    results = dict(points=NormalPoints.from_columns(columns), frames=[frame])
    normal = apply(dict(type='EstimateNormals'), results)['points'].normal.numpy()
    np.testing.assert_allclose(normal, np.tile([0, 0, side], (300, 1)), atol=1e-6)


def spoil(root, index, what):
    """Spoil one frame of a written room."""
    folder = root / 'posed_images' / 'room'
    pose = poses(4)[index]
    image, depth = room_image(pose), room_depth(pose) * 1000
    if what == 'no depth':
        write_frame(folder, index, image, depth * 0, pose)
    elif what == 'infinite pose':
        write_frame(folder, index, image, depth, np.full((4, 4), -np.inf))
    elif what == 'another size':
        write_frame(folder, index, cv2.resize(image, (64, 48)), depth, pose)
    elif what == 'no pose':
        (folder / f'{index:05d}.txt').unlink()
    elif what == 'other intrinsics':
        np.savetxt(folder / 'intrinsic.txt', np.diag([2, 2, 1, 1]) @ INTRINSIC)


@pytest.mark.parametrize('what', ['no depth', 'infinite pose'])
def test_unusable_frames_are_skipped_and_counted(tmp_path, what):
    root = write_posed_room(tmp_path)
    spoil(root, 0, what)
    pipeline = [*FRAME_PIPELINE, dict(type='PackPretrainInputs')]
    dataset = frame_dataset(root, pipeline)
    assert dataset.prepare_data(0) is None and dataset.prepare_data(0) is None
    assert dataset.prepare_data(1)['data_samples'].skipped_samples == 2
    assert dataset.prepare_data(2)['data_samples'].skipped_samples == 0
    all_frames = [dict(SCENE_PIPELINE[2], num_frames=4), SCENE_PIPELINE[3], pipeline[-1]]
    sample = scene_dataset(root, [*SCENE_PIPELINE[:2], *all_frames])[0]
    assert sample['data_samples'].skipped_frames == 1 and len(images_of(sample)) == 3


def test_frames_without_a_pose_file_are_left_out_of_the_list(tmp_path):
    root = write_posed_room(tmp_path)
    spoil(root, 2, 'no pose')
    dataset = frame_dataset(root, FRAME_PIPELINE)
    assert [dataset.get_data_info(i)['frame_files'][0][1] for i in range(3)] == ['00000', '00001', '00003']
    with pytest.raises(UnusableFrameError, match=r'00002\.txt is missing'):
        read_frame(root / 'posed_images' / 'room', '00002', 10.0, 0.0)


@pytest.mark.parametrize(
    'what, message',
    [
        ('another size', r'00000: colour and depth must have one size.*\(48, 64\) and \(24, 32\)'),
        ('other intrinsics', r'intrinsic\.txt must belong to images of 32 x 24'),
    ],
)
def test_inconsistent_recordings_are_refused_by_name(tmp_path, what, message):
    root = write_posed_room(tmp_path)
    spoil(root, 0, what)
    with pytest.raises(ValueError, match=message):
        frame_dataset(root, FRAME_PIPELINE).prepare_data(0)


def test_missing_folders_and_frames_are_named(tmp_path):
    with pytest.raises(ValueError, match='posed_images of frames is missing: .*make_rooms --frames'):
        frame_dataset(tmp_path, FRAME_PIPELINE)
    (tmp_path / 'posed_images' / 'empty').mkdir(parents=True)
    with pytest.raises(ValueError, match='must hold frames, found none'):
        frame_dataset(tmp_path, FRAME_PIPELINE)
    with pytest.raises(ValueError, match='frame_step must be at least 1'):
        frame_dataset(tmp_path, FRAME_PIPELINE, frame_step=0)


def test_every_nth_frame_is_used(tmp_path):
    dataset = frame_dataset(write_posed_room(tmp_path), FRAME_PIPELINE, frame_step=3)
    assert [dataset.get_data_info(i)['frame_files'][0][1] for i in range(len(dataset))] == ['00000', '00003']


def test_images_of_several_sizes_are_refused():
    frames = [some_frame(), some_frame()]
    apply(dict(type='ResizeFrames', size=(16, 12)), dict(frames=frames[:1]))
    with pytest.raises(ValueError, match='images must have one size'):
        pack_fields(dict(points=np.zeros((200, 6)), frames=frames))
