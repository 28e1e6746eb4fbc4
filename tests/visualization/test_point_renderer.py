"""Points fall on the pixels that projection gives; nearer ones win; views show the whole room."""

import importlib
import time

import numpy as np
import pytest

from swin3d_mmdet3d.visualization import (
    View,
    birds_eye_view,
    label_colors,
    oblique_view,
    prediction_picture,
    rasterize,
    render_points,
)

RED, BLUE = (255, 0, 0), (0, 0, 255)
# From (0, -4, 0) towards +y: x is right, z is up in the picture.
FRONT = View(eye=(0, -4, 0), target=(0, 0, 0), field_of_view=90.0)


@pytest.mark.parametrize(
    'point, pixel',
    [
        ((0, 0, 0), (50, 60)),
        # f = 50 pixels at 90 degrees and height 100; depth 4.
        ((1.04, 0, 0), (50, 73)),
        ((0, 0, 1.04), (37, 60)),
        ((1.04, 4, -1.04), (56, 66)),
    ],
)
def test_point_falls_on_its_projected_pixel(point, pixel):
    image = render_points(np.array([point]), np.array([RED]), FRONT, 100, 120, point_size=0.0, shading=False)
    coloured = np.argwhere((image != 255).any(-1))
    np.testing.assert_array_equal(coloured, [pixel])
    np.testing.assert_array_equal(image[pixel], RED)


@pytest.mark.parametrize('order', [[0, 1], [1, 0]])
def test_nearer_point_hides_the_farther_in_any_order(order):
    xyz, color = np.array([[0, 0, 0], [0, 1.0, 0]])[order], np.array([RED, BLUE])[order]
    image = render_points(xyz, color, FRONT, 100, 100, point_size=0.5, shading=False)
    np.testing.assert_array_equal(image[50, 50], RED)


def test_disc_has_the_size_of_its_point():
    index, depth = rasterize(np.zeros((1, 3)), FRONT, 100, 100, point_size=0.8)
    # Radius 0.4 m x 50 px / 4 m = 5 px.
    rows, columns = np.nonzero(index == 0)
    distance = np.hypot(rows - 50, columns - 50)
    assert distance.max() <= 5 and (index == 0).sum() == sum(
        np.hypot(y, x) <= 5 for y in range(-5, 6) for x in range(-5, 6)
    )
    np.testing.assert_allclose(depth[50, 50], 4)


def test_picture_equals_a_painter_s_loop():
    rng = np.random.default_rng(0)
    xyz, size = rng.uniform(-1, 1, (60, 3)), rng.uniform(0, 0.6, 60)
    index, _ = rasterize(xyz, FRONT, 40, 50, point_size=size)
    expected = np.full((40, 50), -1)
    depth = xyz[:, 1] + 4
    for i in np.argsort(-depth):
        focal = 20.0
        column, row = np.floor([focal * xyz[i, 0] / depth[i] + 25, -focal * xyz[i, 2] / depth[i] + 20])
        for y in range(40):
            for x in range(50):
                if np.hypot(y - row, x - column) <= focal * size[i] / 2 / depth[i]:
                    expected[y, x] = i
    np.testing.assert_array_equal(index, expected)


def test_points_behind_the_camera_are_not_drawn():
    image = render_points(np.array([[0, -5.0, 0]]), np.array([RED]), FRONT, 20, 20, shading=False)
    assert (image == 255).all()


def test_shading_darkens_only_the_far_side_of_an_edge():
    step = np.array(
        [[x, 0.0 if x < 0 else 2.0, z] for x in np.linspace(-2, 2, 81) for z in np.linspace(-1, 1, 41)]
    )
    plain = render_points(step, np.full((len(step), 3), 200), FRONT, 60, 60, 0.2, shading=False)
    shaded = render_points(step, np.full((len(step), 3), 200), FRONT, 60, 60, 0.2, shading=True)
    darker = (shaded < plain).any(-1)[30]
    assert darker.any() and darker.sum() < 10 and not darker[:28].any()


def a_room(turn=0.0):
    """Floor, four walls and ceiling of a room of 6 x 4 x 2.7 m, turned about z."""
    rng = np.random.default_rng(3)
    box = rng.uniform(0, 1, (6000, 3)) * [6, 4, 2.7]
    side = rng.integers(0, 6, 6000)
    box[np.arange(6000), side % 3] = np.where(side < 3, 0, np.array([6, 4, 2.7])[side % 3])
    c, s = np.cos(turn), np.sin(turn)
    return box @ np.array([[c, s, 0], [-s, c, 0], [0, 0, 1]]), side


@pytest.mark.parametrize('turn', [0.0, 0.6, 2.0])
@pytest.mark.parametrize('choose', [birds_eye_view, oblique_view])
def test_views_hold_the_room_and_show_its_floor(choose, turn):
    xyz, side = a_room(turn)
    view, keep = choose(xyz + [1e5, -1e5, 0], 1.3)
    assert not keep[side == 5].any()
    camera = (xyz[keep] + [1e5, -1e5, 0] - np.array(view.eye)) @ view.axes().T
    slope = np.tan(np.radians(view.field_of_view / 2))
    assert (camera[:, 2] > 0).all()
    assert (np.abs(camera[:, 1]) <= camera[:, 2] * slope).all()
    assert (np.abs(camera[:, 0]) <= camera[:, 2] * slope * 1.3).all()
    index, _ = rasterize(xyz[keep] + [1e5, -1e5, 0], view, 100, 130)
    floor = side[keep][index[index >= 0]] == 2
    assert floor.mean() > 0.3


def test_low_scan_keeps_its_top():
    xyz, _ = a_room()
    _, keep = birds_eye_view(xyz * [1, 1, 0.3], 1.0)
    assert keep.all()


def test_picture_shows_each_column_in_its_colours():
    xyz, side = a_room()
    palette, names = [(255, 0, 0), (0, 160, 0), (0, 0, 255)], ['a', 'b', 'c']
    picture = prediction_picture(xyz, None, np.zeros(6000, int), np.full(6000, 2), palette, names, (60, 80))
    image = np.asarray(picture)
    assert image.shape[1] == 3 * 80 + 2 * 6
    views = image[30 : 30 + 2 * 60 + 6]
    grey, red, blue = views[:, :80], views[:, 86:166], views[:, 172:]
    for part, channel in ((red, 0), (blue, 2)):
        others = [c for c in range(3) if c != channel]
        painted = (part < 250).any(-1)
        assert painted.mean() > 0.3
        # Pure class colours fade only to white at the rim, never towards another class.
        assert (part[painted][:, channel] >= part[painted][:, others].max(1)).all()
    # The shape, in a grey with a little blue.
    assert np.ptp(grey.astype(int), axis=-1).max() <= 14


def test_labels_out_of_the_palette_are_grey():
    colors = label_colors(np.array([0, 1, -1, 255]), [(1, 2, 3), (4, 5, 6)])
    np.testing.assert_array_equal(colors, [(1, 2, 3), (4, 5, 6), (70, 70, 70), (70, 70, 70)])


def test_hundred_thousand_points_take_a_second():
    xyz = np.random.default_rng(0).uniform(-1, 1, (100_000, 3))
    start = time.process_time()
    rasterize(xyz, FRONT, 480, 640, point_size=0.02)
    assert time.process_time() - start < 2


@pytest.mark.parametrize(
    'change, message',
    [
        (dict(xyz=np.zeros((4, 2))), 'xyz: expected finite coordinates'),
        (dict(xyz=np.full((4, 3), np.inf)), 'xyz: expected finite coordinates'),
        (dict(color=np.zeros((3, 3))), 'color: expected one for each of 4'),
        (dict(height=0), 'height, width'),
        (dict(view=View((0, 0, 1), (0, 0, 0))), 'do not make a camera'),
    ],
)
def test_bad_arguments_are_named(change, message):
    arguments = dict(xyz=np.zeros((4, 3)), color=np.zeros((4, 3)), view=FRONT, height=9, width=9)
    with pytest.raises(ValueError, match=message):
        render_points(**{**arguments, **change})
    with pytest.raises(ValueError, match='truth: expected one for each of 4'):
        prediction_picture(np.zeros((4, 3)), None, np.zeros(3, int), np.zeros(4, int), [RED], ['a'])


def test_of_more_points_than_a_picture_shows_every_nth_is_drawn(monkeypatch):
    rng = np.random.default_rng(0)
    xyz, rgb, label = rng.uniform(0, 3, (3001, 3)), rng.integers(0, 256, (3001, 3)), np.arange(3001) % 3 % 2
    sheet = importlib.import_module('swin3d_mmdet3d.visualization.picture_sheet')
    monkeypatch.setattr(sheet, 'MOST_DRAWN', 1000)
    whole = prediction_picture(xyz, rgb, None, label, [RED, BLUE], ['a', 'b'])
    drawn = prediction_picture(xyz[::4], rgb[::4], None, label[::4], [RED, BLUE], ['a', 'b'])
    assert whole.tobytes() == drawn.tobytes()
    monkeypatch.undo()
    assert whole.tobytes() != prediction_picture(xyz, rgb, None, label, [RED, BLUE], ['a', 'b']).tobytes()
