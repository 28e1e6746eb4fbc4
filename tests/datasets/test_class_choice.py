"""From names in a config to labels of the ids in mask files."""

import pytest

from swin3d_mmdet3d.datasets import choose_classes
from swin3d_mmdet3d.visualization import distinct_colors

KNOWN = dict(
    classes=('wall', 'chair', 'desk'),
    palette=((1, 1, 1), (2, 2, 2), (3, 3, 3)),
    seg_valid_class_ids=(1, 5, 14),
    seg_all_class_ids=tuple(range(41)),
)


def labels(choice, ignored=255):
    return {number: label for number, label in choice.label_of_id(ignored).items() if label != ignored}


def test_known_names_keep_their_ids_and_colours_in_the_chosen_order():
    choice = choose_classes(dict(classes=('desk', 'wall')), KNOWN)
    assert labels(choice) == {14: 0, 1: 1}
    assert choice.palette == ((3, 3, 3), (1, 1, 1))
    assert choice.table(255).shape == (42,)


@pytest.mark.parametrize('known', [KNOWN, {}], ids=['benchmark', 'no benchmark'])
def test_own_names_count_from_zero_in_their_order(known):
    choice = choose_classes(dict(classes=('monitor', 'wall', 'lamp')), known)
    assert labels(choice) == {0: 0, 1: 1, 2: 2}
    assert choice.all_ids == (0, 1, 2)


def test_several_ids_may_stand_for_a_class_and_further_ids_are_ignored():
    metainfo = dict(classes=('seat', 'desk'), seg_valid_class_ids=((5, 6), 14), seg_all_class_ids=range(16))
    table = choose_classes(metainfo, KNOWN).table(9)
    expected = [9] * 17
    expected[5] = expected[6] = 0
    expected[14] = 1
    assert table.tolist() == expected


def test_last_row_is_that_of_unlabelled_points():
    table = choose_classes(dict(classes=('a', 'b')), {}).table(7)
    assert table[-1] == 7
    assert table.tolist() == [0, 1, 7]


def test_no_choice_means_all_known_classes():
    assert choose_classes(None, KNOWN).names == KNOWN['classes']


def test_own_palette_is_kept_and_a_missing_one_has_distinct_colours():
    assert choose_classes(dict(classes=('a',), palette=[[9, 8, 7]]), {}).palette == ((9, 8, 7),)
    palette = choose_classes(dict(classes=tuple('abcdefghijklmnopqrst')), {}).palette
    assert len(set(palette)) == 20
    assert all(0 <= channel <= 255 for color in palette for channel in color)


def test_twenty_colours_lie_apart():
    colors = distinct_colors(20)
    distance = min(
        sum((a - b) ** 2 for a, b in zip(one, other)) ** 0.5
        for number, one in enumerate(colors)
        for other in colors[:number]
    )
    assert distance > 25


@pytest.mark.parametrize(
    ('metainfo', 'error', 'told'),
    [
        (dict(classes='desk'), TypeError, "sequence of names, got the string 'desk'"),
        (dict(), ValueError, 'must name at least one class'),
        (dict(classes=('a', 'b', 'a')), ValueError, 'classes must not repeat, got twice: a'),
        (dict(classes=('a', 'b'), palette=[(1, 2, 3)]), ValueError, 'a colour for each of 2 classes, got 1'),
        (
            dict(classes=('a', 'b'), seg_valid_class_ids=(1,)),
            ValueError,
            'an entry for each of 2 classes, got 1',
        ),
        (
            dict(classes=('a', 'b'), seg_valid_class_ids=(1, (2, 1))),
            ValueError,
            'must not repeat, got twice: 1',
        ),
        (dict(classes=('a',), seg_valid_class_ids=(-2,)), ValueError, 'must be 0 or more, got -2'),
    ],
)
def test_senseless_choices_raise(metainfo, error, told):
    with pytest.raises(error, match=told):
        choose_classes(metainfo, {})
