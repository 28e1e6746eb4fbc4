"""The predict tool writes the boxes of a detector, in the scan's own frame, as JSON, PLY and picture."""

import json

import numpy as np
import pytest
from layer_detector import NAMES, write_layer_model
from PIL import Image
from plyfile import PlyData

from swin3d_mmdet3d.apis import boxed_scan_files, read_boxes
from swin3d_mmdet3d.tools.predict import main
from swin3d_mmdet3d.visualization import box_corners


def room(count=3000, seed=0):
    """Points all over a room of 4 x 3 x 2 m; the layers below and above 1 m both reach its walls."""
    rng = np.random.default_rng(seed)
    xyz = rng.uniform(0, [4, 3, 2], (count, 3))
    xyz[xyz[:, 2] < 1, 2] *= 0.999
    xyz[:8] = np.array(np.meshgrid([0, 4], [0, 3], [0, 2])).reshape(3, -1).T
    xyz[8:10] = [[2, 1, 1.0], [2, 1, 0.999]]
    xyz[10:18] = [[x, y, z] for x in (0, 4) for y in (0, 3) for z in (0.5, 1.5)]
    return xyz


@pytest.fixture
def predict(tmp_path):
    config, checkpoint = write_layer_model(tmp_path)

    def run(*arguments):
        code = main(
            [
                *map(str, arguments),
                f'--config={config}',
                f'--checkpoint={checkpoint}',
                f'--out={tmp_path / "out"}',
            ]
        )
        return code, tmp_path / 'out'

    return run


def turned(xyz, angle):
    c, s = np.cos(angle), np.sin(angle)
    return xyz @ np.array([[c, s, 0], [-s, c, 0], [0, 0, 1]])


def test_boxes_come_back_in_the_frame_of_a_scan_far_away(predict, tmp_path):
    place = np.array([4e5, 5e6, 120.0])
    np.save(tmp_path / 'a.npy', room() + place)
    code, out = predict(tmp_path / 'a.npy')
    assert code == 0 and {p.name for p in out.iterdir()} == {'a.json', 'a.ply', 'a.png'}
    boxes, names = read_boxes(out / 'a.json')
    assert names == NAMES
    # Best first: the upper layer, z = 1 .. 2 m, then the lower one, 0 .. 0.999 m.
    assert boxes.label.tolist() == [1, 0]
    np.testing.assert_allclose(boxes.score, [0.8, 0.4], atol=1e-6)
    np.testing.assert_allclose(boxes.center - place, [[2, 1.5, 1.5], [2, 1.5, 0.4995]], atol=1e-5)
    np.testing.assert_allclose(boxes.size, [[4, 3, 1], [4, 3, 0.999]], atol=1e-5)
    np.testing.assert_array_equal(boxes.yaw, 0)


def test_json_says_class_score_centre_size_and_yaw(predict, tmp_path):
    np.save(tmp_path / 'a.npy', room())
    _, out = predict(tmp_path / 'a.npy')
    content = json.loads((out / 'a.json').read_text())
    assert content['classes'] == list(NAMES) and 'metres' in content['units']
    assert set(content['boxes'][0]) == {'class', 'score', 'center', 'size', 'yaw'}
    assert [box['class'] for box in content['boxes']] == ['high', 'low']


def test_ply_has_the_edges_and_the_picture_the_colours_of_the_boxes(predict, tmp_path):
    np.save(tmp_path / 'a.npy', room())
    _, out = predict(tmp_path / 'a.npy')
    boxes, _ = read_boxes(out / 'a.json')
    ply = PlyData.read(str(out / 'a.ply'))
    place = np.stack([ply['vertex'][axis] for axis in 'xyz'], axis=1).reshape(2, 8, 3)
    np.testing.assert_array_equal(place, box_corners(boxes.center, boxes.size, boxes.yaw))
    assert ply.comments == ['box 0 high 0.800', 'box 1 low 0.400']
    assert ply['edge']['red'].tolist() == [255] * 12 + [0] * 12
    image = np.asarray(Image.open(out / 'a.png')).astype(int)[:, 530:]
    for color in ((255, 0, 0), (0, 0, 255)):
        assert (np.abs(image - color).sum(axis=2) < 60).sum() > 300


def test_low_scores_are_left_out(predict, tmp_path):
    np.save(tmp_path / 'a.npy', room())
    _, out = predict(tmp_path / 'a.npy', '--min-score=0.5')
    assert read_boxes(out / 'a.json')[0].label.tolist() == [1]
    _, out = predict(tmp_path / 'a.npy', '--min-score=0.9')
    assert len(read_boxes(out / 'a.json')[0]) == 0


@pytest.mark.parametrize('degrees', [20, -70, 115])
def test_walls_are_aligned_and_boxes_turned_back(predict, tmp_path, degrees):
    np.save(tmp_path / 'a.npy', turned(room(), np.radians(degrees)) + [7, -8, 0])
    code, out = predict(tmp_path / 'a.npy', '--align-walls')
    assert code == 0
    boxes, _ = read_boxes(out / 'a.json')
    corners = box_corners(boxes.center, boxes.size, boxes.yaw)[0]
    expected = turned(
        np.array([[x, y, z] for x in (0, 4) for y in (0, 3) for z in (1, 2)]), np.radians(degrees)
    )
    expected = expected + [7, -8, 0]
    distance = np.linalg.norm(corners[:, None] - expected, axis=2)
    assert distance.min(axis=0).max() < 0.06
    assert np.abs(boxes.yaw).max() <= np.pi / 4 + 1e-6
    # Without alignment the box of a turned room is larger.
    _, out = predict(tmp_path / 'a.npy')
    assert read_boxes(out / 'a.json')[0].size[0, :2].prod() > 1.2 * boxes.size[0, :2].prod()


def test_failure_while_writing_leaves_nothing(predict, tmp_path, monkeypatch):
    np.save(tmp_path / 'a.npy', room())

    def fail(*args, **kwargs):
        raise ValueError('no picture')

    monkeypatch.setattr(boxed_scan_files, 'box_picture', fail)
    code, out = predict(tmp_path / 'a.npy')
    assert code == 1 and list(out.iterdir()) == []
