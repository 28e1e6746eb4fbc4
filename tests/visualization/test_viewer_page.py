"""The viewer in a browser: its pictures show what its controls say."""

import numpy as np
import pytest
from browser import DESK, PHONE, count, drag, open_browser, open_page, picture, set_slider, share_changed

from swin3d_mmdet3d.visualization import BoxSet, box_corners, write_html_viewer

pytestmark = pytest.mark.slow

FLOOR, NEAR, FAR, CEILING, BLOCK, GUESS = (
    (0, 0, 255),
    (220, 220, 0),
    (0, 200, 200),
    (255, 140, 0),
    (255, 0, 0),
    (0, 200, 0),
)
PALETTE, NAMES = (
    (FLOOR, NEAR, FAR, CEILING, BLOCK, GUESS),
    (
        'floor',
        'near wall',
        'far wall',
        'ceiling',
        'block',
        'guess',
    ),
)
WRONG = (220, 30, 30)


def a_room():
    """A room of 5 x 4 x 2.6 m with a block in it, 6 cm between points; labels as above."""
    parts = []
    for label, low, high in [
        (0, (0, 0, 0), (5, 4, 0)),
        (1, (0, 0, 0), (0, 4, 2.6)),
        (1, (0, 0, 0), (5, 0, 2.6)),
        (2, (5, 0, 0), (5, 4, 2.6)),
        (2, (0, 4, 0), (5, 4, 2.6)),
        (3, (0, 0, 2.6), (5, 4, 2.6)),
        (4, (2, 1.5, 0.8), (3, 2.5, 0.8)),
        (4, (2, 1.5, 0), (3, 1.5, 0.8)),
        (4, (2, 1.5, 0), (2, 2.5, 0.8)),
    ]:
        axes = [np.arange(a, b + 1e-9, 0.06) for a, b in zip(low, high)]
        xyz = np.stack(np.meshgrid(*axes, indexing='ij'), axis=-1).reshape(-1, 3)
        parts.append(np.concatenate([xyz, np.full((len(xyz), 1), label)], axis=1))
    rows = np.concatenate(parts)
    return rows[:, :3], rows[:, 3].astype(int)


@pytest.fixture(scope='module')
def browser():
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


@pytest.fixture
def page(browser, labelled):
    with open_page(browser, labelled) as it:
        yield it


def press(page, name):
    page.get_by_role('button', name=name, exact=True).click()


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


def block_mask(image):
    image = image.astype(int)
    return (image[..., 0] > 120) & (image[..., 1:].max(axis=-1) < 40)


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


def test_modes_show_truth_prediction_errors_and_confidence(page):
    shown = {}
    for mode in ('Colour', 'Truth', 'Prediction', 'Error', 'Confidence'):
        press(page, mode)
        image = picture(page)
        shown[mode] = image
        assert page.get_by_role('button', name=mode, exact=True).get_attribute('aria-pressed') == 'true'
    block = count(shown['Truth'], BLOCK)
    assert count(shown['Truth'], GUESS) == count(shown['Prediction'], BLOCK) == 0
    assert count(shown['Prediction'], GUESS) == pytest.approx(block, rel=0.05)
    assert count(shown['Error'], WRONG) == pytest.approx(block, rel=0.05)
    # Viridis at 0.25 and at 0.95.
    assert count(shown['Confidence'], (59, 82, 139)) == pytest.approx(block, rel=0.1)
    assert count(shown['Confidence'], (221, 225, 45)) > 50000
    assert np.ptp(shown['Colour'].astype(int), axis=-1).max() < 12


def test_legend_lists_what_is_there_and_hides_what_is_unticked(page):
    press(page, 'Prediction')
    entries = [text.split('\n')[0] for text in page.locator('#legend .entry').all_inner_texts()]
    assert entries == ['floor', 'near wall', 'far wall', 'ceiling', 'guess']
    before = picture(page)
    page.get_by_label('Show guess').uncheck()
    after = picture(page)
    assert count(before, GUESS) > 3000 and count(after, GUESS) == 0
    assert count(after, FLOOR) > count(before, FLOOR)
    page.get_by_label('Show guess').check()
    assert share_changed(before, picture(page)) < 0.001
    press(page, 'Colour')
    assert page.locator('#legend .entry').count() == 0


def test_sliders_cut_resize_and_thin(page):
    press(page, 'Truth')
    whole = picture(page)
    set_slider(page, 'Cut at height', 0.25)
    cut = picture(page)
    assert count(cut, FAR) < 0.6 * count(whole, FAR) and 'm' in page.locator('output').first.inner_text()
    set_slider(page, 'Cut at height', 1)
    assert share_changed(whole, picture(page)) < 0.001
    set_slider(page, 'Point size', 0.4)
    assert count(picture(page), FLOOR) < 0.7 * count(whole, FLOOR)
    set_slider(page, 'Point size', 1)
    set_slider(page, 'Points shown', 0.25)
    thinned = picture(page)
    xyz, _ = a_room()
    number = f'{round(0.25 * len(xyz)):,}'
    assert page.locator('#shown').inner_text() == f'{number} of {len(xyz):,} points shown'
    # A quarter of the points, four times the area each: the surfaces stay closed.
    assert count(thinned, FLOOR) == pytest.approx(count(whole, FLOOR), rel=0.1)


def test_point_under_the_cursor_tells_class_and_score(page):
    row, column = np.argwhere(block_mask_of_truth(page)).mean(axis=0)
    page.mouse.move(column, row, steps=2)
    page.wait_for_timeout(300)
    text = page.locator('#readout').inner_text()
    assert 'prediction: guess 0.25' in text and 'truth: block' in text
    x, y, z = (float(it) for it in text.split('\n')[-1].removesuffix(' m').split(', '))
    assert 1.95 <= x <= 3.05 and 1.45 <= y <= 2.55 and -0.05 <= z <= 0.85
    page.mouse.move(790, 10)
    page.wait_for_timeout(300)
    assert page.locator('#readout').is_hidden()


def block_mask_of_truth(page):
    press(page, 'Truth')
    return block_mask(picture(page))


def test_double_click_brings_a_point_to_the_middle(page):
    row, column = np.argwhere(block_mask_of_truth(page)).mean(axis=0)
    page.mouse.dblclick(column, row)
    centred = np.argwhere(block_mask(picture(page))).mean(axis=0)
    left = page.locator('#panel').bounding_box()
    middle = (left['x'] + left['width'] + 800) / 2
    np.testing.assert_allclose(centred, [220, middle], atol=30)


def test_scores_rule_which_boxes_are_drawn(browser, boxed):
    with open_page(browser, boxed) as page:
        page.get_by_label('Boxes: truth (1)').uncheck()
        page.get_by_label('Names of boxes').uncheck()
        start = picture(page)
        assert page.locator('output[for=threshold]').inner_text() == '0.30: 2 boxes'
        assert count(start, BLOCK) > 300 and count(start, GUESS) > 300 and count(start, FLOOR) == 0
        set_slider(page, 'Minimum score', 0)
        assert count(picture(page), FLOOR) > 300
        set_slider(page, 'Minimum score', 0.7)
        best = picture(page)
        assert count(best, GUESS) == count(best, FLOOR) == 0 and count(best, BLOCK) > 300
        legend = [text.split('\n') for text in page.locator('#legend .entry').all_inner_texts()]
        assert legend == [['block', '1 box']]


def test_boxes_have_names_and_the_truth_is_dashed(browser, boxed):
    with open_page(browser, boxed) as page:
        page.get_by_label('Boxes: prediction (3)').uncheck()
        named = picture(page)
        page.get_by_label('Names of boxes').uncheck()
        dashed = picture(page)
        assert count(named, BLOCK) > count(dashed, BLOCK) + 300
        page.get_by_label('Boxes: truth (1)').uncheck()
        assert count(picture(page), BLOCK) == 0
        page.get_by_label('Boxes: prediction (3)').check()
        set_slider(page, 'Minimum score', 0.7)
        solid = picture(page)
        assert 0.25 < count(dashed, BLOCK) / count(solid, BLOCK) < 0.75


def test_scan_without_colours_is_shaded_by_its_normals(browser, boxed):
    with open_page(browser, boxed) as page:
        set_slider(page, 'Minimum score', 1)
        page.get_by_label('Boxes: truth (1)').uncheck()
        grey = picture(page)[..., 1].astype(int)
        assert page.locator('#modes button').all_inner_texts() == ['Shape']
        # Floor in front, then the two far walls left and right of their corner.
        floor, left, right = grey[300:320, 430:450], grey[130:150, 420:440], grey[150:170, 700:720]
        levels = [np.median(it) for it in (floor, left, right)]
        assert max(levels) < 250 and min(abs(a - b) for a, b in zip(levels, [*levels[1:], levels[0]])) > 12


@pytest.mark.parametrize('device', [DESK, PHONE], ids=['desk', 'phone'])
def test_page_fills_the_window_and_leaves_room_for_the_scan(device, browser, labelled):
    with open_page(browser, labelled, device) as page:
        size = device['viewport']
        assert page.locator('#canvas').bounding_box() == dict(x=0, y=0, **size)
        root = 'document.documentElement'
        scrolled = page.evaluate(f'[{root}.scrollWidth, {root}.scrollHeight]')
        assert scrolled == [size['width'], size['height']]
        panel = page.locator('#panel').bounding_box()
        assert panel['width'] * panel['height'] < 0.4 * size['width'] * size['height']
        press(page, 'Truth')
        image = picture(page)
        left, below = (0, panel['y']) if device is PHONE else (panel['x'] + panel['width'], size['height'])
        free = np.ptp(image[: int(below), int(left) :].astype(int), axis=-1) > 60
        reach = np.ptp(np.argwhere(free), axis=0) / free.shape
        assert 0.85 < reach.max() <= 1


def test_fingers_turn_and_pinch(browser, labelled):
    with open_page(browser, labelled, PHONE) as page:
        press(page, 'Truth')
        start = picture(page)
        touch(page, [[(200, 300)], [(230, 300)], [(270, 310)]])
        assert share_changed(start, picture(page)) > 0.05
        press(page, 'Reset')
        assert share_changed(start, picture(page)) < 0.001
        touch(page, [[(180, 300), (220, 300)], [(160, 300), (240, 300)], [(140, 300), (260, 300)]])
        assert count(picture(page), BLOCK) > 2 * count(start, BLOCK)
        page.touchscreen.tap(200, 300)
        page.wait_for_timeout(300)
        assert 'truth: ' in page.locator('#readout').inner_text()


def touch(page, steps):
    """Put fingers down at the first step's places, draw them through the others, and lift them."""
    session = page.context.new_cdp_session(page)
    for number, places in enumerate(steps):
        points = [dict(x=x, y=y, id=i) for i, (x, y) in enumerate(places)]
        kind = 'touchMove' if number else 'touchStart'
        session.send('Input.dispatchTouchEvent', dict(type=kind, touchPoints=points))
    session.send('Input.dispatchTouchEvent', dict(type='touchEnd', touchPoints=[]))


def test_options_of_a_phone_open_and_close(browser, labelled):
    with open_page(browser, labelled, PHONE) as page:
        button, slider = page.get_by_role('button', name='Options'), page.get_by_label('Point size')
        assert slider.is_hidden() and button.get_attribute('aria-expanded') == 'false'
        button.tap()
        assert slider.is_visible() and button.get_attribute('aria-expanded') == 'true'
        button.tap()
        assert slider.is_hidden()


def test_every_control_has_a_name_and_is_large_enough_for_a_finger(browser, boxed):
    with open_page(browser, boxed, PHONE) as page:
        page.get_by_role('button', name='Options').tap()
        for control in page.locator('input, button').all():
            name = control.evaluate('it => it.ariaLabel || (it.labels?.[0] ?? it).innerText')
            assert name.strip(), control.evaluate('it => it.outerHTML')
            target = control.evaluate("it => (it.closest('label') ?? it).getBoundingClientRect().toJSON()")
            assert min(target['width'], target['height']) >= 24, name
        assert page.locator('#canvas').get_attribute('aria-label')
        assert page.locator('html').get_attribute('lang') == 'en'
