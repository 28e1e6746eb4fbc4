"""The tables of the comparison against closed forms, on results made by hand."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest
from comparison_results import CODE, result, row_of
from scipy import stats

from swin3d_mmdet3d.comparison import Protocol, write_tables
from swin3d_mmdet3d.comparison.paired_gains import PairedGain, ScoreTable
from swin3d_mmdet3d.comparison.tables import markdown

SHUFFLED = 'ppkt_swin3d-tiny_rooms_shuffled'


def test_gains_are_paired_by_seed_and_statistics_are_those_of_a_paired_test():
    ours, scratch = [50.0, 43.3, 30.9, 41.0], [46.5, 41.8, 31.4, 41.0]
    results = [result('ppkt', seed, fine_tuning=score) for seed, score in enumerate([*ours, 99.0])]
    results += [result('scratch', seed, fine_tuning=score) for seed, score in enumerate(scratch)]
    results.append(result('scratch', 7, fine_tuning=0.0))
    gain = ScoreTable(results).gain('ppkt', 'fine-tuning', 'scratch')
    differences = np.subtract(ours, scratch)
    assert gain.seeds == (0, 1, 2, 3) and gain.gains == pytest.approx(differences)
    assert gain.mean == pytest.approx(differences.mean())
    assert gain.median == pytest.approx(np.median(differences))
    assert gain.deviation == pytest.approx(differences.std(ddof=1))
    assert gain.t == pytest.approx(stats.ttest_rel(ours, scratch).statistic)
    assert gain.signs == (2, 1)  # and one that is neither
    text = markdown(results)
    scored = row_of(text, 'ppkt', 'fine-tuning', '0 1 2 3 4')
    assert scored[3:] == ['50.0 43.3 30.9 41.0 99.0', f'{np.mean([*ours, 99.0]):.1f}']
    assert row_of(text, 'ppkt', 'fine-tuning', 'scratch')[3:] == [
        '0 1 2 3',
        '+3.5 +1.5 -0.5 +0.0',
        '+0.8',
        f'{differences.mean():+.1f}',
        f'{differences.std(ddof=1):.1f}',
        f'{stats.ttest_rel(ours, scratch).statistic:.1f}',
        '2 / 1',
        '',
    ]


def test_no_deviation_of_one_seed_and_no_t_where_gains_are_equal():
    one, equal = PairedGain('scratch', (3,), (1.5,)), PairedGain('scratch', (0, 1), (1.5, 1.5))
    assert (one.mean, one.deviation, one.t, one.signs) == (1.5, None, None, (1, 0))
    assert (equal.deviation, equal.t, equal.signs) == (0.0, None, (2, 0))
    scores = {'scratch': (32.69, 35.1, 39.91), 'ppkt': (40.69, 43.1, 47.91)}  # differ in their last bits
    results = [result(name, seed, fine_tuning=x) for name in scores for seed, x in enumerate(scores[name])]
    gain = ScoreTable(results).gain('ppkt', 'fine-tuning', 'scratch')
    assert (gain.mean, gain.deviation, gain.t) == (8.0, 0.0, None)


def test_a_method_is_compared_with_random_weights_raw_inputs_and_its_own_arms():
    results = [
        result('scratch', 0, fine_tuning=40.0, decoder_probe=15.0, encoder_probe=20.0),
        result('raw', 0, decoder_probe=24.0),
        result('ppkt', 0, fine_tuning=43.0, decoder_probe=28.0, encoder_probe=23.0, detection=30.0),
        result(SHUFFLED, 0, fine_tuning=41.0, decoder_probe=16.0),
        result('other', 0, fine_tuning=1.0),
        result('other_swin3d-tiny_rooms_shuffled', 0, fine_tuning=1.0),
    ]
    table = ScoreTable(results)
    found = {
        (name, measure): {gain.over: gain.gains for gain in table.gains(name, measure)}
        for name in ('scratch', 'raw', 'ppkt', SHUFFLED)
        for measure in ('fine-tuning', 'decoder probe', 'encoder probe', 'detection')
        if table.seeds(name, measure)
    }
    assert found == {
        ('scratch', 'fine-tuning'): {},
        ('scratch', 'decoder probe'): {'raw': (-9.0,)},
        ('scratch', 'encoder probe'): {'raw': (-4.0,)},
        ('raw', 'decoder probe'): {'scratch': (9.0,)},
        ('ppkt', 'fine-tuning'): {'scratch': (3.0,), SHUFFLED: (2.0,)},
        ('ppkt', 'decoder probe'): {'scratch': (13.0,), 'raw': (4.0,), SHUFFLED: (12.0,)},
        ('ppkt', 'encoder probe'): {'scratch': (3.0,), 'raw': (-1.0,)},
        ('ppkt', 'detection'): {},
        (SHUFFLED, 'fine-tuning'): {'scratch': (1.0,)},
        (SHUFFLED, 'decoder probe'): {'scratch': (1.0,), 'raw': (-8.0,)},
    }
    text = markdown(results)
    assert row_of(text, 'ppkt', 'fine-tuning', 'ppkt (shuffled)')[4] == '+2.0'
    assert row_of(text, 'ppkt (shuffled)', 'fine-tuning', 'scratch')[4] == '+1.0'


def test_results_of_other_code_are_marked():
    before = dict(commit='aaaaaaaaaaaa', torch='2.1.0')
    results = [
        result('scratch', 0, fine_tuning=40.0),
        result('scratch', 1, fine_tuning=41.0),
        result('same', 0, fine_tuning=42.0),
        result('same', 1, fine_tuning=42.0),
        result('other', 0, fine_tuning=42.0, origin=before),
        result('mixed', 0, fine_tuning=42.0),
        result('mixed', 1, fine_tuning=42.0, origin=dict(generator='c' * 12)),
        result('changed', 0, fine_tuning=42.0, origin=dict(commit='0123456789ab+')),
    ]
    text = markdown(results)
    differs = {name: row_of(text, name, 'fine-tuning', 'scratch')[-1] for name in ('same', 'other', 'mixed')}
    assert differs == {'same': '', 'other': 'commit, torch', 'mixed': 'generator'}
    assert row_of(text, 'changed', 'fine-tuning', 'scratch')[-1] == 'commit'
    # both of the same commit, but with changes that need not be the same
    for content in results:
        content['measures']['fine-tuning']['commit'] = '0123456789ab+'
    assert row_of(markdown(results), 'same', 'fine-tuning', 'scratch')[-1] == 'commit'


def test_results_of_other_rooms_are_never_paired(tmp_path):
    results = [
        result('scratch', 0, fine_tuning=40.0),
        result('ppkt', 0, fine_tuning=43.0),
        result('scratch', 0, Protocol(rooms_seed=0), fine_tuning=20.0),
        result('ppkt', 1, Protocol(rooms_seed=0), fine_tuning=33.0),
    ]
    first, second = markdown(results).split('Rooms of seed 0,')
    assert row_of(first, 'ppkt', 'fine-tuning', 'scratch')[4] == '+3.0'
    assert '+' not in second.replace('+ / -', '') and '33.0' in second
    write_tables(results, tmp_path)
    with open(tmp_path / 'table.csv', newline='') as file:
        rows = [(row['rooms_seed'], row['method'], row['over_scratch']) for row in csv.DictReader(file)]
    assert rows == [('11', 'scratch', ''), ('11', 'ppkt', '3.0'), ('0', 'scratch', ''), ('0', 'ppkt', '')]


def test_tables_hold_every_score_once_and_costs_as_medians(tmp_path):
    results = [
        result('scratch', 0, fine_tuning=46.5, decoder_probe=15.0),
        result('raw', 1, decoder_probe=24.0),
        result('ppkt', 0, decoder_probe=27.5),
        result('ppkt', 1, decoder_probe=30.0),
        result(SHUFFLED, 1, decoder_probe=16.0),
    ]
    for row, seconds in ((2, 420.0), (3, 480.0)):
        results[row]['measures'].update(
            pretraining=dict(steps=600, cpu_seconds=seconds),
            cost=dict(ratio=1.0, step_seconds=0.6, peak_mib=None),
            spread=dict(spread=0.8, encoder_rank=12.34),
        )
    write_tables(results, tmp_path)
    with open(tmp_path / 'table.csv', newline='') as file:
        rows = list(csv.DictReader(file))
    keys = ('method', 'arm', 'measure', 'seed', 'score', 'over_scratch', 'over_raw', 'over_shuffled')
    assert [tuple(row[key] for key in keys) for row in rows] == [
        ('scratch', '', 'fine-tuning', '0', '46.5', '', '', ''),
        ('scratch', '', 'decoder probe', '0', '15.0', '', '', ''),
        ('ppkt', '', 'decoder probe', '0', '27.5', '12.5', '', ''),
        ('ppkt', '', 'decoder probe', '1', '30.0', '', '6.0', '14.0'),
        ('ppkt', 'shuffled', 'decoder probe', '1', '16.0', '', '-8.0', ''),
        ('raw', '', 'decoder probe', '1', '24.0', '', '', ''),
    ]
    assert {row['commit'] for row in rows} == {CODE['commit']}
    text = (tmp_path / 'table.md').read_text()
    assert row_of(text, 'ppkt', '600') == ['ppkt', '600', '7.5', '1.00', '', '0.80', '12.3']
    assert (tmp_path / 'plot.png').read_bytes().startswith(b'\x89PNG')


def test_there_are_tables_of_no_results(tmp_path):
    write_tables([], tmp_path)
    assert (tmp_path / 'table.md').read_text() == ''
    assert (tmp_path / 'plot.png').read_bytes().startswith(b'\x89PNG')


def test_the_probe_of_an_image_network_is_compared_with_its_start_and_its_arms():
    control = 'pri3d_swin3d-tiny_rooms_shuffled'
    results = [result('pri3d', seed, image_probe=30.0 + seed, image_start=25.0) for seed in (0, 1)]
    results.append(result(control, 1, image_probe=28.0, image_start=25.0))
    table = ScoreTable(results)
    found = {gain.over: gain.gains for gain in table.gains('pri3d', 'image probe')}
    assert found == {'its start': (5.0, 6.0), control: (3.0,)}
    assert {gain.over for gain in table.gains('pri3d', 'image start')} == {control}
    assert row_of(markdown(results), 'pri3d', 'image probe', 'its start')[3:5] == ['0 1', '+5.0 +6.0']


def test_committed_results_are_json_that_any_reader_takes():
    root = Path(__file__).parents[2]
    files = [*root.glob('docs/comparison/**/*.json'), *root.glob('projects/**/*.json')]
    assert len(files) > 80

    def refuse(name):
        raise ValueError(f'{name} is no JSON')

    for file in files:
        json.loads(file.read_text(), parse_constant=refuse)
