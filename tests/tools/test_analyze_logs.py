"""The curves of a training are the numbers of its log, resumed parts included."""

import json

import numpy as np
import pytest
from PIL import Image
from tiny_training import tiny_runner

from swin3d_mmdet3d.tools import analyze_logs
from swin3d_mmdet3d.tools.analyze_logs import log_files, main, read_curves


def write_log(folder, records):
    (folder / 'vis_data').mkdir(parents=True)
    lines = '\n'.join(json.dumps(record) for record in records)
    (folder / 'vis_data' / 'scalars.json').write_text(lines + '\n')


def test_curves_follow_each_other_and_the_later_part_counts(tmp_path):
    write_log(tmp_path / '20260101', [dict(loss=9 - i, lr=0.1, step=i, epoch=1) for i in range(5)])
    write_log(
        tmp_path / '20260102', [dict(loss=1 + i, step=i + 3) for i in range(3)] + [dict(miou=0.5, step=6)]
    )
    curves = read_curves(log_files(str(tmp_path)))
    assert curves['loss'] == ([0, 1, 2, 3, 4, 5], [9, 8, 7, 1, 2, 3])
    assert curves['miou'] == ([6], [0.5]) and set(curves) == {'loss', 'lr', 'miou'}


def test_the_log_of_a_real_run_is_drawn(tmp_path):
    tiny_runner(tmp_path / 'run', 3, hooks=dict(logger=dict(type='LoggerHook', interval=1))).train()
    assert main([str(tmp_path / 'run'), f'--out={tmp_path / "curves.png"}']) == 0
    curves = read_curves(log_files(str(tmp_path / 'run')))
    assert curves['loss'].steps == [1, 2, 3] and len(set(curves['loss'].values)) == 3
    image = np.asarray(Image.open(tmp_path / 'curves.png').convert('RGB')).reshape(-1, 3)
    assert len(np.unique(image, axis=0)) > 20
    table = analyze_logs.summary_table(dict(run=curves), ['loss', 'miou'])
    assert f'{curves["loss"].values[-1]:.4g}' in table and ' - ' in table


@pytest.mark.parametrize(
    'words, message',
    [
        (['nowhere'], 'nowhere: no log of a training'),
        (['log', '--keys', 'los'], '--keys: no log has los; there are loss'),
        (['broken'], r'scalars.json, line 2: no record of a log'),
    ],
)
def test_what_is_missing_or_broken_is_named(tmp_path, words, message, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_log(tmp_path / 'log' / 't', [dict(loss=1.0, step=1)])
    write_log(tmp_path / 'broken' / 't', [dict(loss=1.0, step=1)])
    with open(tmp_path / 'broken' / 't' / 'vis_data' / 'scalars.json', 'a') as file:
        file.write('half a li\n')
    with pytest.raises(ValueError, match=message):
        main(words)
    assert not (tmp_path / 'curves.png').exists()
