"""The overview of the comparison against closed forms, and that of the page against the committed results."""

from pathlib import Path

import pytest
from comparison_results import result, row_of

from swin3d_mmdet3d.comparison import read_results
from swin3d_mmdet3d.comparison.cost_plot import Place, places
from swin3d_mmdet3d.comparison.overview import compared, overview, renew_overview
from swin3d_mmdet3d.comparison.paired_gains import ScoreTable
from swin3d_mmdet3d.comparison.tables import by_protocol

PAGE = Path(__file__).parents[2] / 'docs/comparison/README.md'
HARDEST, SHUFFLED = (f'point_contrast_swin3d-tiny_rooms_{arm}' for arm in ('hardest', 'shuffled'))


@pytest.fixture
def results():
    """Three methods, an arm of five seeds and one of two, over random weights of five."""
    scratch = [
        result('scratch', s, fine_tuning=40.0 + s, encoder_probe=30.0, detection=70.0) for s in range(5)
    ]
    hardest = [result(HARDEST, s, fine_tuning=41.0 + 2 * s, encoder_probe=35.0) for s in range(5)]
    ours = [
        result('point_contrast', 0, fine_tuning=39.0, encoder_probe=33.0, detection=64.0),
        result('point_contrast', 1, fine_tuning=45.0, encoder_probe=37.0),
        result('point_contrast', 2, fine_tuning=42.0, encoder_probe=34.0),
    ]
    for content, ratio, seconds in zip(ours, (0.5, 0.7, 0.6), (300.0, 330.0, 390.0)):
        content['measures'].update(cost=dict(ratio=ratio), pretraining=dict(cpu_seconds=seconds))
        content['measures']['spread'] = dict(encoder_rank=10 * ratio)
    images = [result('pri3d', 0, image_probe=30.5, image_start=28.0)]
    images[0]['measures']['cost'] = dict(ratio=3.0)
    shuffled = [result(SHUFFLED, s, fine_tuning=10.0, encoder_probe=99.0) for s in (0, 1)]
    return [*scratch, *shuffled, *images, *ours, *hardest, result('raw', 0, decoder_probe=24.0)]


def test_a_row_has_the_median_gain_the_seeds_above_zero_and_the_median_cost(results):
    text = overview(results)
    gains = ['+0.0 (1/3)', '', '+4.0 (3/3)', '-6.0 (0/1)', '']  # of -1, 4, 0 and 3, 7, 4
    assert row_of(text, 'point_contrast') == ['point_contrast', *gains, '0.60', '5.5', '6.0']
    assert row_of(text, 'pri3d') == ['pri3d', '', '', '', '', '+2.5 (1/1)', '3.00', '', '']


def test_methods_and_arms_of_five_seeds_stand_in_the_order_of_the_encoders_probe(results):
    assert compared(ScoreTable(results)) == [HARDEST, 'point_contrast', 'pri3d']


def test_the_picture_has_what_has_both_gains_and_a_cost(results):
    assert places(results) == [Place('point_contrast', 3, 4.0, 0.0, 0.6)]


def test_a_page_gets_the_table_between_its_comments_alone(tmp_path):
    page = tmp_path / 'README.md'
    page.write_text('a \\1\n<!-- overview -->\nold\nold\n<!-- end of the overview -->\nb <!-- overview -->\n')
    renew_overview(page, '| new \\1 |\n')
    assert page.read_text() == (
        'a \\1\n<!-- overview -->\n| new \\1 |\n<!-- end of the overview -->\nb <!-- overview -->\n'
    )
    page.write_text('no place')
    renew_overview(page, '| new |\n')
    assert page.read_text() == 'no place'


def test_the_page_has_the_overview_of_the_committed_results():
    (group,) = by_protocol(read_results(PAGE.parent / 'results'))
    assert f'<!-- overview -->\n{overview(group)}<!-- end of the overview -->' in PAGE.read_text()


def test_arms_of_a_protocol_of_their_own_have_no_overview():
    assert overview([result('claim-arms', 0), result('claim-arms', 1)]) == ''
