"""The viewer's page in the windows of a desk and a phone."""

import numpy as np
import pytest
from browser import DESK, PHONE, count, open_page, picture, share_changed
from viewed_room import BLOCK, press

pytestmark = pytest.mark.slow


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
