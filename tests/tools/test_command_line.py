"""Values that start with a dash reach their options as written; options stay options."""

import pytest

from swin3d_mmdet3d.tools.command_line import CommandLine, OneOf


def parsed(*words):
    parser = CommandLine()
    parser.add_argument('scans', nargs='*')
    parser.add_argument('--up', choices=('y', '-y', '-z'), default='z')
    parser.add_argument('--unit-scale', type=float, default=1.0)
    parser.add_argument('--union', action='store_true')
    parser.add_argument('--size', type=int, nargs=2)
    return parser.parse_args(words)


@pytest.mark.parametrize('words', [['--up', '-y'], ['--up=-y'], ['--up', '-y', 'a', 'b']])
def test_an_axis_that_points_down_is_a_value(words):
    assert parsed(*words).up == '-y'


@pytest.mark.parametrize(
    ('word', 'value'), [('-1', -1), ('-1e-3', -1e-3), ('-inf', float('-inf')), ('-.5', -0.5), ('-1_0', -10)]
)
def test_negative_numbers_are_values_in_every_form(word, value):
    for option in ('--unit-scale', '--unit'):
        assert parsed('a', option, word, '--union').unit_scale == value


@pytest.mark.parametrize(
    ('words', 'message'),
    [
        (['--up', '-q'], "argument --up: invalid choice: '-q'"),
        (['--up', '--union'], 'argument --up: expected one argument'),
        (['--up'], 'argument --up: expected one argument'),
        (['--union', '-y'], 'unrecognized arguments: -y'),
        (['--un', '-y'], 'ambiguous option'),
        (['-y'], 'unrecognized arguments: -y'),
        (['--unit-scale', '-x'], "argument --unit-scale: invalid float value: '-x'"),
    ],
)
def test_other_dashes_are_refused_as_before(words, message, capsys):
    with pytest.raises(SystemExit):
        parsed(*words)
    assert message in capsys.readouterr().err


def test_help_stays_help(capsys):
    with pytest.raises(SystemExit) as stop:
        parsed('--up', '-h')
    assert stop.value.code == 2
    with pytest.raises(SystemExit) as stop:
        parsed('-h')
    assert stop.value.code == 0


def test_words_after_two_dashes_are_no_options():
    assert parsed('--', '--up', '-y').scans == ['--up', '-y']
    assert parsed('--size', '-1', '-2').size == [-1, -2]


def test_a_word_is_checked_against_choices_that_are_imported_late(capsys):
    parser = CommandLine()
    parser.add_argument('--up', type=OneOf('scan_files', 'UP_AXES'), default='z')
    assert parser.parse_args(['--up', '-y']).up == '-y' and parser.parse_args([]).up == 'z'
    with pytest.raises(SystemExit):
        parser.parse_args(['--up=q'])
    assert "argument --up: invalid choice: 'q' (choose from x, y, z, -x, -y, -z)" in capsys.readouterr().err
