"""What the layout writes, it reads back; what does not fit together is refused before a file appears."""

import numpy as np
import pytest

from swin3d_mmdet3d.datasets.class_lists import S3DIS_BOXES
from swin3d_mmdet3d.datasets.layout import frames, infos, scenes
from swin3d_mmdet3d.datasets.layout.scenes import IndoorScene, write_scene
from swin3d_mmdet3d.geometry.camera import intrinsic_matrix, look_at

POINTS = np.arange(30, dtype=np.float32).reshape(5, 6)
NORMALS = np.tile(np.float32([0, 0, 1]), (5, 1))
MASKS = {'semantic_mask': np.arange(5), 'instance_mask': np.array([1, 1, 2, 2, 0])}


def local_entry(root, scene, name='room'):
    """The entry of the info file with the paths that a data set gives it."""
    entry = scene.entry(name)
    entry['lidar_points'] = {**entry['lidar_points'], 'lidar_path': str(root / 'points' / f'{name}.bin')}
    for folder, key in scenes.MASK_KEYS.items():
        if key in entry:
            entry[key] = str(root / folder / entry[key])
    return entry


def test_a_written_scene_is_whole_and_reads_back(tmp_path):
    scene = IndoorScene(POINTS, NORMALS, MASKS)
    assert sorted(write_scene(tmp_path, 'room', scene)) == sorted(tmp_path.glob('*/*'))
    entry = local_entry(tmp_path, scene)
    scenes.check_scene_files(entry)
    np.testing.assert_array_equal(
        np.fromfile(entry['lidar_points']['lidar_path'], np.float32), POINTS.ravel()
    )
    path = entry['pts_instance_mask_path']
    content = (tmp_path / 'instance_mask' / 'room.bin').read_bytes()
    label = scenes.labels_from_bytes(content, 5, path, 'room')
    np.testing.assert_array_equal(label, MASKS['instance_mask'])


@pytest.mark.parametrize(
    ('change', 'message'),
    [
        (dict(points=POINTS[:, :3]), r'points must be float32 \(5, 6\), got float32 \(5, 3\)'),
        (dict(points=POINTS.astype(np.float64)), r'points must be float32 \(5, 6\), got float64 \(5, 6\)'),
        (dict(normals=NORMALS[:4]), r'normals must be float32 \(5, 3\), got float32 \(4, 3\)'),
        (
            dict(masks={'semantic_mask': np.zeros(5, np.int32)}),
            r'semantic_mask must be int64 \(5,\), got int32',
        ),
        (
            dict(masks={'instance_mask': np.zeros(6, np.int64)}),
            r'instance_mask must be int64 \(5,\), got int64',
        ),
        (dict(masks={'mask': np.zeros(5, np.int64)}), 'masks must be of semantic_mask, .*, got mask'),
    ],
)
def test_arrays_that_do_not_fit_are_named(change, message):
    with pytest.raises(ValueError, match=message):
        IndoorScene(**{**dict(points=POINTS, normals=NORMALS, masks=MASKS), **change})


def test_a_scene_that_cannot_be_written_whole_leaves_no_file(tmp_path):
    (tmp_path / 'normals').write_text('where a folder should be')
    with pytest.raises(OSError):
        write_scene(tmp_path, 'room', IndoorScene(POINTS, NORMALS, MASKS))
    assert not list(tmp_path.glob('*/*.bin'))


def test_boxes_are_tight_and_in_the_order_of_the_instances():
    xyz = np.array([[0, 0, 0], [2, 4, 6], [1, 1, 1], [9, 9, 9], [1, 3, 1]], dtype=np.float32)
    boxes = scenes.instance_boxes(xyz, np.array([7, 7, 3, 0, 3]), {7: 1, 3: 0, 5: 2})
    assert boxes == [
        {'bbox_3d': [1, 2, 1, 0, 2, 0], 'bbox_label_3d': 0},
        {'bbox_3d': [1, 2, 3, 2, 4, 6], 'bbox_label_3d': 1},
    ]


def test_a_written_info_file_reads_back(tmp_path):
    entry = IndoorScene(POINTS, NORMALS, MASKS).entry('room')
    path = infos.write_info_file(tmp_path, 's3dis', 'Area_5', S3DIS_BOXES, [entry], {'note': 1})
    content = infos.read_info_file(path)
    assert path.name == 's3dis_infos_Area_5.pkl' and content['data_list'] == [entry]
    assert content['metainfo']['categories']['sofa'] == S3DIS_BOXES.names.index('sofa')
    assert content['metainfo']['note'] == 1 and infos.scene_name(entry) == 'room'


def test_a_written_frame_reads_back(tmp_path):
    depth = np.random.default_rng(0).integers(500, 5000, (24, 32)).astype(np.uint16)
    image = np.full((24, 32, 3), (10, 120, 250), np.uint8)
    pose = look_at(np.array([1.0, 2.0, 1.5]), np.array([3.0, 0.5, 1.0]))
    intrinsic = intrinsic_matrix(32, 24, 1.2)
    frames.write_intrinsic(tmp_path, intrinsic)
    frames.write_frame(tmp_path, 7, image, depth, pose)
    assert frames.frame_names(tmp_path) == (['00007'], 0)
    frame = frames.read_frame(tmp_path, '00007', max_depth=10.0, min_valid=0.5)
    np.testing.assert_allclose(frame.depth, depth / 1000, atol=1e-6)
    np.testing.assert_allclose(frame.pose, pose, atol=1e-9)
    np.testing.assert_allclose(frame.intrinsic, intrinsic, atol=1e-9)
    np.testing.assert_allclose(frame.image.astype(int), image.astype(int), atol=3)
