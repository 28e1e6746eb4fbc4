"""The viewer's camera in a browser: what views, projection, mouse and keys show."""

import numpy as np
import pytest
from browser import count, drag, hue_mask, open_page, picture, share_changed
from viewed_room import BLOCK, CEILING, FAR, FLOOR, GUESS, NEAR, block_mask, press

pytestmark = pytest.mark.slow


def test_view_starts_outside_and_looks_in_past_the_near_walls(page):
    press(page, 'Truth')
    inside = picture(page)
    assert count(inside, NEAR) == count(inside, CEILING) == 0
    assert min(count(inside, color) for color in (FLOOR, FAR, BLOCK)) > 3000
    page.get_by_label('Hide near walls and ceiling').uncheck()
    outside = picture(page)
    assert min(count(outside, color) for color in (NEAR, CEILING)) > 10000
    assert count(outside, BLOCK) == 0 and count(outside, FLOOR) < 200  # its rim


def test_near_walls_are_those_of_the_present_side(page):
    press(page, 'Truth')
    drag(page, (790, 200), (290, 200))  # three radians of six thousandths each
    behind = picture(page)
    assert count(behind, NEAR) > 5000 and count(behind, BLOCK) > 1000
    assert count(behind, FAR) < 0.1 * count(behind, NEAR)


def test_drag_turns_and_reset_turns_back(page):
    start = picture(page)
    drag(page, (540, 200), (640, 240))
    assert share_changed(start, picture(page)) > 0.1
    press(page, 'Reset')
    assert share_changed(start, picture(page)) < 0.001


def test_right_drag_moves_the_room_with_the_mouse(page):
    press(page, 'Truth')
    before = np.argwhere(block_mask(picture(page))).mean(axis=0)
    drag(page, (540, 200), (580, 170), button='right')
    after = np.argwhere(block_mask(picture(page))).mean(axis=0)
    np.testing.assert_allclose(after - before, [-30, 40], atol=6)


def test_wheel_and_keys_zoom(page):
    press(page, 'Truth')
    start = count(picture(page), BLOCK)
    page.mouse.move(540, 200)
    page.mouse.wheel(0, -300)
    near = count(picture(page), BLOCK)
    # exp(0.3)^2 = 1.82 times the area, more as the near edge comes nearer still.
    assert 1.5 * start < near < 2.6 * start
    page.mouse.wheel(0, 300)
    assert count(picture(page), BLOCK) == pytest.approx(start, rel=0.02)
    page.locator('#canvas').press('+')
    assert count(picture(page), BLOCK) > 1.3 * start


def test_top_view_shows_all_walls_as_a_frame_and_the_front_view_none_from_above(page):
    press(page, 'Truth')
    press(page, 'Top')
    top = picture(page)
    assert count(top, CEILING) == 0 and min(count(top, color) for color in (NEAR, FAR)) > 2000
    assert count(top, FLOOR) > 60000
    press(page, 'Front')
    front = picture(page)
    assert count(front, FLOOR) < 0.3 * count(top, FLOOR) < count(front, FAR)


def test_double_click_brings_a_point_to_the_middle(page):
    press(page, 'Truth')
    row, column = np.argwhere(block_mask(picture(page))).mean(axis=0)
    page.mouse.dblclick(column, row)
    centred = np.argwhere(block_mask(picture(page))).mean(axis=0)
    left = page.locator('#panel').bounding_box()
    middle = (left['x'] + left['width'] + 800) / 2
    np.testing.assert_allclose(centred, [220, middle], atol=30)


def extent(mask):
    """Height and width in pixels of what a mask covers."""
    return np.ptp(np.argwhere(mask), axis=0) + 1


def test_boxes_of_one_size_differ_by_their_depth_only_in_perspective(browser, two_depths):
    with open_page(browser, two_depths) as page:
        page.get_by_label('Names of boxes').uncheck()
        press(page, 'Top')
        low, high = (extent(hue_mask(picture(page), color)) for color in (BLOCK, GUESS))
        assert (high > 1.15 * low).all()
        page.get_by_label('Orthographic').check()
        low, high = (extent(hue_mask(picture(page), color)) for color in (BLOCK, GUESS))
        np.testing.assert_allclose(low, high, atol=1)
        page.get_by_label('Orthographic').uncheck()
        low, high = (extent(hue_mask(picture(page), color)) for color in (BLOCK, GUESS))
        assert (high > 1.15 * low).all()


def test_orthographic_top_view_is_a_floor_plan_to_scale(page):
    press(page, 'Truth')
    press(page, 'Top')
    page.get_by_label('Orthographic').check()
    plan = picture(page)
    # The walls of 5 x 4 m are lines, and the block of 1 m lies where it stands.
    assert max(count(plan, NEAR), count(plan, FAR)) < 0.1 * count(plan, FLOOR)
    room, block = (np.argwhere(mask) for mask in (np.ptp(plan.astype(int), axis=-1) > 60, block_mask(plan)))
    metre = np.ptp(room, axis=0) / [4, 5]
    assert metre[0] == pytest.approx(metre[1], rel=0.02)
    # Discs of points reach over an edge by up to their spacing of 0.06 m.
    np.testing.assert_allclose(np.ptp(block, axis=0) / metre, 1, atol=0.12)
    np.testing.assert_allclose((block.min(axis=0) - room.min(axis=0)) / metre, [1.5, 2], atol=0.12)


def test_orthographic_camera_has_the_scale_of_the_other_at_its_target(page):
    press(page, 'Truth')
    row, column = np.argwhere(block_mask(picture(page))).mean(axis=0)
    page.mouse.dblclick(column, row)
    near = extent(block_mask(picture(page)))
    page.get_by_label('Orthographic').check()
    np.testing.assert_allclose(extent(block_mask(picture(page))), near, rtol=0.1)


def test_orthographic_zoom_does_not_enter_the_room(page):
    press(page, 'Truth')
    press(page, 'Front')
    page.get_by_label('Hide near walls and ceiling').uncheck()
    page.mouse.move(540, 200)
    page.mouse.wheel(0, -1700)  # exp(1.7) times nearer: the eye stands inside
    inside = picture(page)
    assert count(inside, NEAR) < 0.1 * count(inside, FAR)
    page.get_by_label('Orthographic').check()
    wall = picture(page)
    assert count(wall, FAR) == 0 and count(wall, NEAR) > 100000


def test_orthographic_view_tells_the_point_under_the_cursor(page):
    press(page, 'Truth')
    press(page, 'Side')
    page.get_by_label('Orthographic').check()
    row, column = np.argwhere(block_mask(picture(page))).mean(axis=0)
    page.mouse.move(column, row, steps=2)
    page.wait_for_timeout(300)
    text = page.locator('#readout').inner_text()
    assert 'truth: block' in text
    y, z = (float(it) for it in text.split('\n')[-1].removesuffix(' m').split(', ')[1:])
    assert y == pytest.approx(2, abs=0.1) and z == pytest.approx(0.4, abs=0.1)
