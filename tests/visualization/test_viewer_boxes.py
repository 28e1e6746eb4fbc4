"""The viewer's boxes in a browser: which are drawn, and how."""

import pytest
from browser import count, open_page, picture, set_slider
from viewed_room import BLOCK, FLOOR, GUESS

pytestmark = pytest.mark.slow


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
