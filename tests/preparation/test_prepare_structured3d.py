"""Structured3D's preparation against the hand-made rooms that its panoramas show."""

import pickle

import numpy as np
import pytest
from raw_downloads import EYE, panorama, write_panorama, write_perspective, write_raw_structured3d

from swin3d_mmdet3d.datasets.class_lists import STRUCTURED3D
from swin3d_mmdet3d.preparation import prepare_structured3d
from swin3d_mmdet3d.preparation.depth_image import (
    image_normals,
    panorama_directions,
    perspective_directions,
)
from swin3d_mmdet3d.preparation.preparation_run import RawScene
from swin3d_mmdet3d.preparation.structured3d import read_room

NAME = 'scene_00001_room_485142'
SIZE = (256, 128)


@pytest.fixture(scope='module')
def prepared(tmp_path_factory):
    folder = tmp_path_factory.mktemp('structured3d')
    prepare_structured3d(write_raw_structured3d(folder / 'raw', size=SIZE), folder / 'out', workers=1)
    return folder / 'out'


@pytest.fixture(scope='module')
def cloud(prepared):
    """Points (P, 6), normals (P, 3), labels (P,), and the pixel (row, column) of each."""
    points = np.fromfile(prepared / 'points' / f'{NAME}.bin', np.float32).reshape(-1, 6)
    normals = np.fromfile(prepared / 'normals' / f'{NAME}.bin', np.float32).reshape(-1, 3)
    labels = np.fromfile(prepared / 'semantic_mask' / f'{NAME}.bin', np.int64)
    return points, normals, labels, *pixels_of(points)


def pixels_of(points):
    """(P,) row and (P,) column of the panorama's pixel that shows each point."""
    sight = points[:, :3] - EYE
    azimuth = np.arctan2(sight[:, 0], sight[:, 1])
    elevation = np.arcsin(sight[:, 2] / np.linalg.norm(sight, axis=1))
    column = np.round((azimuth + np.pi) / (2 * np.pi) * SIZE[0]).astype(int) % SIZE[0]
    return np.round((np.pi / 2 - elevation) / np.pi * SIZE[1]).astype(int), column


@pytest.fixture(scope='module')
def scene():
    """Distance and thing of each pixel, its rectangle's normal and the cosine to it, and the room."""
    directions, distance, number, room = panorama(1, SIZE)
    normal = np.array([rectangle.normal for rectangle in room.rectangles])[number]
    thing = np.array([rectangle.thing for rectangle in room.rectangles])[number]
    return distance, thing, normal, -np.einsum('hwc,hwc->hw', directions, normal), number, room


def inner(number):
    """Pixels whose neighbours show the same rectangle."""
    same = np.ones(number.shape, dtype=bool)
    for shift, axis in ((1, 0), (-1, 0), (1, 1), (-1, 1)):
        same &= np.roll(number, shift, axis) == number
    same[[0, -1]] = False
    return same


def test_points_lie_where_their_pixels_look(cloud, scene):
    points, _, labels, row, column = cloud
    distance, thing, _, _, _, room = scene
    length = np.linalg.norm(points[:, :3] - EYE, axis=1)
    np.testing.assert_allclose(length, distance[row, column], atol=0.6e-3)  # depth is in millimetres
    np.testing.assert_array_equal(points[:, 3:], room.colors[thing[row, column]])
    raw_id = dict(zip(STRUCTURED3D.names, STRUCTURED3D.raw_ids))
    np.testing.assert_array_equal(labels, np.array([raw_id[k] for k in room.kinds])[thing[row, column]])


def test_floor_lies_at_zero_and_looks_up(cloud, scene):
    points, normals, labels, row, column = cloud
    floor = (labels == 2) & inner(scene[4])[row, column]
    assert floor.sum() > 500
    np.testing.assert_allclose(points[floor, 2], 0, atol=1e-3)
    assert normals[floor, 2].min() > 0.98


def test_normals_are_unit_face_the_camera_and_are_those_of_the_surface(cloud, scene):
    points, normals, _, row, column = cloud
    np.testing.assert_allclose(np.linalg.norm(normals, axis=1), 1, atol=1e-6)
    sight = points[:, :3] - EYE
    assert (np.einsum('ij,ij->i', sight, normals) < 0).all()
    inside = inner(scene[4])[row, column]
    cosine = np.einsum('ij,ij->i', normals, scene[2][row, column])[inside]
    assert np.quantile(cosine, 0.01) > 0.98


def test_unmeasured_unlabelled_and_grazing_pixels_are_left_out_and_no_others(prepared, scene):
    folder = prepared.parent / 'raw' / 'Structured3D' / 'scene_00001' / '2D_rendering' / '485142'
    points = read_room(RawScene(NAME, 'train', folder), voxel_size=1e-4).points
    kept = np.zeros(SIZE[::-1], dtype=bool)
    kept[pixels_of(points)] = True
    assert not kept[2:6, 10:20].any()
    assert not kept[8:12, 10:20].any()
    cosine, inside = scene[3], inner(scene[4])
    assert not (kept & inside & (cosine < 0.13)).any()
    expected = inside & (cosine > 0.17)
    expected[1:13, 9:21] = False
    assert kept[expected].all()


def test_no_two_points_share_a_voxel_of_a_centimetre(cloud):
    cells = np.floor(cloud[0][:, :3].astype(np.float64) / 0.01).astype(int)
    assert len(np.unique(cells, axis=0)) == len(cells)


def test_voxel_size_thins_the_cloud(tmp_path):
    raw = write_raw_structured3d(tmp_path / 'raw', scenes=(0,), size=(64, 32))
    for size in (0.01, 0.5):
        prepare_structured3d(raw, tmp_path / str(size), voxel_size=size, workers=1)
    fine, coarse = ((tmp_path / str(s) / 'points').glob('*.bin') for s in (0.01, 0.5))
    points = [np.fromfile(next(it), np.float32).reshape(-1, 6) for it in (fine, coarse)]
    cells = np.floor(points[0][:, :3].astype(np.float64) / 0.5).astype(int)
    assert len(points[1]) == len(np.unique(cells, axis=0))
    assert set(map(tuple, points[1])) < set(map(tuple, points[0]))
    with pytest.raises(ValueError, match='voxel_size must be positive, got 0'):
        prepare_structured3d(raw, tmp_path / 'none', voxel_size=0)


def test_voxels_that_64_bits_cannot_count_are_refused(tmp_path):
    write_panorama(tmp_path, 1, (32, 16))
    for size in (1e-9, 1e-300):
        with pytest.raises(ValueError, match='voxel_size must be larger, got 1e-'):
            read_room(RawScene(NAME, 'train', tmp_path), voxel_size=size)


def test_split_follows_from_the_number_of_the_scene(tmp_path):
    scenes = (0, 2999, 3000, 3249, 3250, 3499)
    raw = write_raw_structured3d(tmp_path / 'raw', scenes=scenes, size=(32, 16))
    prepare_structured3d(raw.parent, tmp_path / 'out', workers=1)
    found = {}
    for split in ('train', 'val', 'test'):
        infos = pickle.loads((tmp_path / 'out' / f'structured3d_infos_{split}.pkl').read_bytes())
        found[split] = [it['lidar_points']['lidar_path'][6:11] for it in infos['data_list']]
    assert found == dict(train=['00000', '02999'], val=['03000', '03249'], test=['03250', '03499'])


def test_directions_of_the_panorama():
    directions = panorama_directions(4, 8)
    table = {(2, 0): [0, -1, 0], (2, 2): [-1, 0, 0], (2, 4): [0, 1, 0], (2, 6): [1, 0, 0], (0, 3): [0, 0, 1]}
    for pixel, direction in table.items():
        np.testing.assert_allclose(directions[pixel], direction, atol=1e-15)


def test_normals_of_a_sphere_are_its_radii():
    sight = panorama_directions(32, 64)
    normals = image_normals(3 * sight, np.ones((32, 64), dtype=bool), closed=True)
    np.testing.assert_allclose(np.abs(np.einsum('hwc,hwc->hw', normals, sight))[1:-1], 1, atol=1e-12)
    assert not normals[[0, -1]].any()


def test_pixels_beside_a_hole_have_no_normal():
    sight = panorama_directions(8, 16)
    valid = np.ones((8, 16), dtype=bool)
    valid[4, 0] = False
    without = ~image_normals(sight, valid, closed=True).any(axis=-1)
    expected = np.zeros((8, 16), dtype=bool)
    expected[[0, 7]] = True
    for row, column in ((4, 0), (3, 0), (5, 0), (4, 1), (4, 15)):
        expected[row, column] = True
    np.testing.assert_array_equal(without, expected)


def test_directions_of_a_perspective_view():
    """A camera that looks to y with 90 by 60 degrees: half a pixel below right of the middle is the axis."""
    directions = perspective_directions(4, 8, np.array([0, 1, 0]), np.array([0, 0, 1]), np.radians([45, 30]))
    table = {(1, 3): [0, 1, 0], (1, 7): [1, 1, 0], (3, 3): [0, 1, -np.tan(np.pi / 6)], (1, 1): [-0.5, 1, 0]}
    for pixel, direction in table.items():
        np.testing.assert_allclose(directions[pixel], direction / np.linalg.norm(direction), atol=1e-15)


def test_edges_of_an_open_image_have_no_normal():
    points = np.stack([*np.meshgrid(np.arange(5.0), np.arange(4.0)), np.zeros((4, 5))], axis=-1)
    normals = image_normals(points, np.ones((4, 5), dtype=bool), closed=False)
    np.testing.assert_array_equal(normals[1:-1, 1:-1], np.broadcast_to([0, 0, 1], (2, 3, 3)))
    assert np.count_nonzero(normals.any(axis=-1)) == 6


def test_perspective_views_lie_on_the_surfaces_of_the_panorama(tmp_path):
    raw = write_raw_structured3d(tmp_path / 'raw', scenes=(1,), size=SIZE)
    folder = raw / 'scene_00001' / '2D_rendering' / '485142'
    write_perspective(folder, 1)
    room = panorama(1, (8, 4))[3]
    alone = read_room(RawScene(NAME, 'train', folder))
    both = read_room(RawScene(NAME, 'train', folder), perspective=True)
    np.testing.assert_array_equal(both.points[: len(alone.points)], alone.points)
    points, normals = both.points[len(alone.points) :, :3], both.normals[len(alone.points) :]
    assert len(points) > 2000
    raw_id = dict(zip(STRUCTURED3D.names, STRUCTURED3D.raw_ids))
    labels = np.array([raw_id[room.kinds[r.thing]] for r in room.rectangles])
    height = np.array([(points - r.corner) @ r.normal for r in room.rectangles])
    own = labels[:, None] == both.masks['semantic_mask'][None, len(alone.points) :]
    nearest = np.abs(np.where(own, height, np.inf))
    assert nearest.min(axis=0).max() < 1e-3
    truth = np.array([r.normal for r in room.rectangles])[nearest.argmin(axis=0)]
    assert np.quantile(np.einsum('ij,ij->i', truth, normals), 0.2) > 0.99
    outcomes = prepare_structured3d(raw, tmp_path / 'out', perspective=True, workers=1)
    assert outcomes[0].num_points == len(both.points)
    pose = folder / 'perspective' / 'full' / '0' / 'camera_pose.txt'
    words = pose.read_text().split()
    for first, instead in ((3, '0 0 0'), (6, ' '.join(words[3:6])), (9, '0 0.5'), (9, '1.6 0.5')):
        broken = instead.split()
        pose.write_text(' '.join([*words[:first], *broken, *words[first + len(broken) :]]))
        with pytest.raises(ValueError, match=r'scene_00001.*camera_pose.txt must hold unit vectors'):
            read_room(RawScene(NAME, 'train', folder), perspective=True)
    pose.write_text('1 2 3')
    with pytest.raises(ValueError, match=r'scene scene_00001.*camera_pose.txt must hold 11 or 12 finite'):
        read_room(RawScene(NAME, 'train', folder), perspective=True)
