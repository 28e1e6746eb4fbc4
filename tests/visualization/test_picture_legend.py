"""The legend of a picture lists what is seen in it; scans without colours show their shape."""

import importlib

import numpy as np

from swin3d_mmdet3d.visualization import shape_colors
from swin3d_mmdet3d.visualization.picture_sheet import Column, color_column, picture_sheet

RED, GREEN, BLUE = (220, 0, 0), (0, 180, 0), (0, 0, 220)


def a_room():
    """Floor 0, ceiling 1 and a far wall 2 of a room of 4 x 3 x 2.6 m."""
    rng = np.random.default_rng(0)
    xyz = rng.uniform(0, [4, 3, 2.6], (6000, 3))
    label = np.arange(6000) % 3
    xyz[label == 0, 2], xyz[label == 1, 2], xyz[label == 2, 1] = 0, 2.6, 3
    return xyz, label


def has(image, color):
    return (np.abs(np.asarray(image)[-40:].astype(int) - color).sum(-1) < 10).sum() > 50


def test_class_that_is_cut_away_with_the_ceiling_is_not_listed():
    xyz, label = a_room()
    columns = [
        color_column(xyz, np.full((6000, 3), 128)),
        Column('labels', np.array([RED, GREEN, BLUE])[label]),
    ]
    sheet = picture_sheet(xyz, columns, [('floor', RED), ('ceiling', GREEN), ('wall', BLUE)], (120, 160))
    assert [has(sheet, color) for color in (RED, GREEN, BLUE)] == [True, False, True]


def test_shape_tells_surfaces_of_different_directions_apart():
    xyz, label = a_room()
    for normal in (None, np.eye(3)[[2, 2, 1]][label], -np.eye(3)[[2, 2, 1]][label]):
        grey = shape_colors(xyz, normal)[:, 1].astype(float)
        floor, wall = (np.median(grey[label == it]) for it in (0, 2))
        assert floor > wall + 12 and abs(np.median(grey[label == 1]) - floor) < 3


def test_large_clouds_take_the_normals_of_their_neighbours(monkeypatch):
    xyz, label = a_room()
    whole = shape_colors(xyz)
    module = importlib.import_module('swin3d_mmdet3d.visualization.shape_colors')
    monkeypatch.setattr(module, '_MOST_ESTIMATED', 1500)
    assert (np.abs(shape_colors(xyz).astype(int) - whole) < 12).all(axis=1).mean() > 0.9
    assert shape_colors(np.zeros((0, 3))).shape == (0, 3)
