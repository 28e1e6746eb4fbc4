"""Edges of boxes lie where geometry says, in files as in pictures."""

import numpy as np
import pytest
from PIL import Image
from plyfile import PlyData

from swin3d_mmdet3d.visualization import (
    BOX_EDGES,
    BoxSet,
    View,
    box_corners,
    box_picture,
    draw_box_edges,
    project_edges,
    rasterize,
    write_box_edges,
)


def some_boxes(count=5, seed=0):
    rng = np.random.default_rng(seed)
    return rng.uniform(-2, 2, (count, 3)), rng.uniform(0.2, 1.5, (count, 3)), rng.uniform(-3, 3, count)


def test_corners_of_a_quarter_turn_are_the_hand_made_ones():
    (corners,) = box_corners([[1, 2, 3]], [[4, 2, 1]], [np.pi / 2])
    expected = {(1 + x, 2 + y, 3 + z) for x in (-1, 1) for y in (-2, 2) for z in (-0.5, 0.5)}
    assert {tuple(corner) for corner in corners.round(9).tolist()} == expected
    # The length of 4 along x lies along y now: corner 1 is the high end of x.
    np.testing.assert_allclose(corners[1] - corners[0], [0, 4, 0], atol=1e-12)


def test_every_edge_has_the_length_of_its_axis_and_each_pair_occurs_once():
    center, size, yaw = some_boxes()
    corners = box_corners(center, size, yaw)
    lengths = np.linalg.norm(corners[:, BOX_EDGES[:, 1]] - corners[:, BOX_EDGES[:, 0]], axis=2)
    np.testing.assert_allclose(lengths, np.repeat(size, 4, axis=1), atol=1e-12)
    np.testing.assert_allclose(corners.mean(axis=1), center, atol=1e-12)
    assert len({tuple(edge) for edge in BOX_EDGES}) == 12
    assert np.bincount(BOX_EDGES.ravel()).tolist() == [3] * 8


def test_ply_holds_the_segments_of_all_boxes(tmp_path):
    center, size, yaw = some_boxes(3)
    corners = box_corners(center + 4e6, size, yaw)
    color = np.array([[255, 0, 0], [0, 128, 0], [1, 2, 3]])
    write_box_edges(tmp_path / 'boxes.ply', corners, color, ['chair 0.9', 'table 0.8', 'sofa 0.7'])
    ply = PlyData.read(str(tmp_path / 'boxes.ply'))
    place = np.stack([ply['vertex'][axis] for axis in 'xyz'], axis=1)
    np.testing.assert_array_equal(place.reshape(3, 8, 3), corners)
    ends = np.stack([ply['edge']['vertex1'], ply['edge']['vertex2']], axis=1).reshape(3, 12, 2)
    for box in range(3):
        segments = {frozenset(map(tuple, place[pair])) for pair in ends[box]}
        assert segments == {frozenset(map(tuple, corners[box][pair])) for pair in BOX_EDGES}
    np.testing.assert_array_equal(ply['edge']['green'].reshape(3, 12)[:, 0], color[:, 1])
    assert ply.comments == ['chair 0.9', 'table 0.8', 'sofa 0.7']


def test_no_boxes_make_an_empty_ply(tmp_path):
    write_box_edges(tmp_path / 'none.ply', np.zeros((0, 8, 3)), np.zeros((0, 3)))
    ply = PlyData.read(str(tmp_path / 'none.ply'))
    assert len(ply['vertex'].data) == len(ply['edge'].data) == 0


def test_ends_of_edges_fall_on_the_pixels_of_points_at_the_corners():
    view = View((4.0, -5.0, 3.0), (0.0, 0.0, 0.0))
    corners = box_corners(*some_boxes())
    edges = project_edges(corners, view, 240, 320)
    for box, ends in zip(corners, edges):
        for corner, (column, row) in zip(box[BOX_EDGES].reshape(-1, 3), ends.reshape(-1, 2)):
            if not (0 <= column < 320 and 0 <= row < 240):
                continue
            index, _ = rasterize(corner[None], view, 240, 320, 0.0)
            assert index[int(row), int(column)] == 0


def test_edges_that_pass_the_camera_are_cut_off_and_those_behind_left_out():
    view = View((0.0, 0.0, 0.0), (1.0, 0.0, 0.0))
    corners = box_corners([[0.0, 3.0, 0.0], [-5.0, 0.0, 0.0]], [[4.0, 2.0, 2.0], [1.0, 1.0, 1.0]])
    edges = project_edges(corners, view, 100, 100)
    assert np.isnan(edges[1]).all()
    # Of the first box the four edges along x pass the camera plane; four lie behind it.
    assert np.isfinite(edges[0]).all(axis=(1, 2)).sum() == 8
    focal = 50 / np.tan(np.radians(22.5))
    along_x = edges[0][:4]
    # View along x: left in the picture is +y, so y = 2 .. 4 m falls left of the middle, at 5 cm and at 2 m.
    expected = [[50 - focal * y / x for y in (2.0, 4.0)] for x in (0.05, 2.0)]
    np.testing.assert_allclose(
        np.sort(np.unique(along_x[..., 0].round(6))), np.sort(np.ravel(expected)), rtol=1e-6
    )


def test_drawn_edges_have_the_colour_of_their_box_and_nothing_else_changes():
    view = View((0.0, -6.0, 0.0), (0.0, 0.0, 0.0))
    corners = box_corners([[0.0, 0.0, 0.0]], [[2.0, 0.0, 2.0]])
    image = np.full((200, 200, 3), 255, dtype=np.uint8)
    drawn = draw_box_edges(image, corners, [[10, 200, 30]], view, line_width=1)
    half = 100 / np.tan(np.radians(22.5)) / 6
    middle = 100
    for offset in (-half, half):
        assert tuple(drawn[middle, int(middle + offset)]) == (10, 200, 30)
        assert tuple(drawn[int(middle + offset), middle]) == (10, 200, 30)
    changed = (drawn != 255).any(axis=2)
    assert changed.sum() < 4 * (2 * half + 3)
    assert not changed[middle - 20 : middle + 20, middle - 20 : middle + 20].any()
    assert (image == 255).all()


def test_picture_has_a_column_for_each_set_of_boxes_and_shows_their_colours():
    xyz = np.random.default_rng(0).uniform(0, [4, 3, 0.02], (4000, 3))
    rgb = np.full((4000, 3), 200)
    corners = box_corners([[2, 1.5, 0.5]], [[1.5, 1, 1]])
    palette, names = [(255, 0, 0), (0, 0, 255)], ['chair', 'table']
    boxes = [BoxSet('truth', corners, np.array([0])), BoxSet('prediction', corners, np.array([1]))]
    picture = np.asarray(box_picture(xyz, rgb, boxes, palette, names, panel=(120, 160)))
    assert picture.shape[1] == 3 * 160 + 2 * 6

    def count(column, color):
        part = picture[30 : 30 + 2 * 126, column * 166 : column * 166 + 160].astype(int)
        return (np.abs(part - color).sum(axis=2) < 60).sum()

    assert count(1, (255, 0, 0)) > 100 and count(1, (0, 0, 255)) == 0
    assert count(2, (0, 0, 255)) > 100 and count(2, (255, 0, 0)) == 0
    assert count(0, (255, 0, 0)) == count(0, (0, 0, 255)) == 0
    nothing = BoxSet('none', corners[:0], np.zeros(0, int))
    assert isinstance(box_picture(xyz, None, [nothing], palette, names), Image.Image)


@pytest.mark.parametrize(
    'center, size, yaw, message',
    [
        ([[0, 0]], [[1, 1]], None, r'expected \(B, 3\)'),
        ([[0, 0, 0]], [[1, 1, 1]], [0, 0], r'got \(1, 3\), \(1, 3\), \(2,\)'),
        ([[0, 0, np.nan]], [[1, 1, 1]], None, 'NaN or infinity'),
        ([[0, 0, 0]], [[1, -1, 1]], None, 'at least 0, got -1'),
    ],
)
def test_boxes_that_make_no_sense_are_refused(center, size, yaw, message):
    with pytest.raises(ValueError, match=message):
        box_corners(center, size, yaw)
