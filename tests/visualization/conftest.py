"""The browser, and pages of a room to open in it."""

import numpy as np
import pytest
from browser import open_browser, open_page
from viewed_room import NAMES, PALETTE, a_room

from swin3d_mmdet3d.visualization import BoxSet, box_corners, write_html_viewer


@pytest.fixture(scope='module')
def browser():
    """Chromium, headless."""
    with open_browser() as it:
        yield it


@pytest.fixture(scope='module')
def labelled(tmp_path_factory):
    """A page of the room whose block is taken for something else, with little confidence."""
    xyz, truth = a_room()
    prediction, confidence = np.where(truth == 4, 5, truth), np.where(truth == 4, 0.25, 0.95)
    path = tmp_path_factory.mktemp('pages') / 'labelled.html'
    rgb = np.full((len(xyz), 3), 200)
    write_html_viewer(path, xyz, rgb, truth, prediction, PALETTE, NAMES, 'a room', confidence=confidence)
    return path


@pytest.fixture(scope='module')
def boxed(tmp_path_factory):
    """A page of the room without colours, and with three boxes of falling score around its block."""
    xyz, _ = a_room()
    center = np.array([[2.5, 2, 0.4], [1, 1, 0.4], [4, 3, 0.4]])
    found = BoxSet(
        'prediction',
        box_corners(center, np.full((3, 3), 1.1)),
        np.array([4, 5, 0]),
        np.array([0.9, 0.5, 0.1]),
    )
    truth = BoxSet('truth', box_corners(center[:1], np.ones((1, 3))), np.array([4]))
    path = tmp_path_factory.mktemp('pages') / 'boxed.html'
    write_html_viewer(path, xyz, None, None, None, PALETTE, NAMES, boxes=[truth, found])
    return path


@pytest.fixture(scope='module')
def two_depths(tmp_path_factory):
    """A page of the room without colours, and with two boxes of one size, near its floor and its ceiling."""
    xyz, _ = a_room()
    boxes = BoxSet(
        'prediction',
        box_corners([[1, 2, 0.4], [4, 2, 2.2]], np.full((2, 3), 0.8)),
        np.array([4, 5]),
        np.ones(2),
    )
    path = tmp_path_factory.mktemp('pages') / 'two_depths.html'
    write_html_viewer(path, xyz, None, None, None, PALETTE, NAMES, boxes=[boxes])
    return path


@pytest.fixture
def page(browser, labelled):
    """The labelled room, open."""
    with open_page(browser, labelled) as it:
        yield it
