"""The viewer's points in a browser: colours, legend, sliders and the point under the cursor."""

import numpy as np
import pytest
from browser import count, open_page, picture, set_slider, share_changed
from viewed_room import BLOCK, FAR, FLOOR, GUESS, a_room, block_mask, press

pytestmark = pytest.mark.slow

WRONG = (220, 30, 30)


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


def test_point_under_the_cursor_tells_class_and_score(page):
    press(page, 'Truth')
    row, column = np.argwhere(block_mask(picture(page))).mean(axis=0)
    page.mouse.move(column, row, steps=2)
    page.wait_for_timeout(300)
    text = page.locator('#readout').inner_text()
    assert 'prediction: guess 0.25' in text and 'truth: block' in text
    x, y, z = (float(it) for it in text.split('\n')[-1].removesuffix(' m').split(', '))
    assert 1.95 <= x <= 3.05 and 1.45 <= y <= 2.55 and -0.05 <= z <= 0.85
    page.mouse.move(790, 10)
    page.wait_for_timeout(300)
    assert page.locator('#readout').is_hidden()
