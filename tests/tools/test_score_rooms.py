"""The table of scores is that of the stock runner on the held-out rooms."""

from pathlib import Path

import numpy as np
import pytest
from mmengine.config import Config

from swin3d_mmdet3d.tools import score_rooms

CONFIGS = Path(__file__).parents[2] / 'configs'


@pytest.mark.parametrize(
    'name', ['fcaf3d_swin3d-tiny_rooms-scannet-det', 'fcaf3d_swin3d-tiny_rooms-s3dis-det']
)
def test_rooms_are_made_for_the_config_s_domain(name, tmp_path, monkeypatch):
    monkeypatch.setitem(score_rooms.ROOMS, 'ScanNetDetDataset', ('scannet', 2))
    monkeypatch.setitem(score_rooms.ROOMS, 'S3DISDetDataset', ('s3dis', 2))
    config = Config.fromfile(CONFIGS / 'fcaf3d' / f'{name}.py')
    score_rooms.prepare_rooms(config, 1500, tmp_path, seed=0)
    roots = {dataset.data_root for dataset in score_rooms.detection_datasets(config)}
    assert len(roots) == 1
    scans = list((Path(roots.pop()) / 'points').iterdir())
    assert [np.fromfile(scan, dtype=np.float32).size for scan in scans] == [1500 * 6] * 2


def test_other_data_sets_are_refused(tmp_path):
    config = Config.fromfile(CONFIGS / 'swin3d' / 'swin3d-tiny_rooms-seg.py')
    with pytest.raises(
        ValueError, match='must test on one of ScanNetDetDataset, S3DISDetDataset, got S3DISWhole'
    ):
        score_rooms.prepare_rooms(config, 1500, tmp_path, seed=0)


def test_table_lists_what_the_runner_measures(tmp_path, monkeypatch, capsys):
    rows = {'a': (0.625, 0.5), 'b': (0.25, 0.125)}

    class StubRunner:
        def __init__(self, config):
            self.name = Path(config.work_dir).name

        def train(self):
            assert self.name in rows

        def test(self):
            return dict(zip(('mAP_0.25', 'mAP_0.50'), rows[self.name]))

    monkeypatch.setattr(score_rooms, 'prepare_rooms', lambda *args: None)
    monkeypatch.setattr(score_rooms.Runner, 'from_cfg', StubRunner)
    for name in rows:
        (tmp_path / f'{name}.py').write_text('x = 1')
    assert score_rooms.main([*(str(tmp_path / f'{name}.py') for name in rows), f'--out={tmp_path}']) == 0
    lines = [line.split('|')[1:4] for line in capsys.readouterr().out.splitlines() if '0.' in line]
    assert [[cell.strip() for cell in line] for line in lines[-2:]] == [
        ['a', '0.625', '0.500'],
        ['b', '0.250', '0.125'],
    ]
