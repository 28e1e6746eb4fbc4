"""The loader benchmark writes rooms that each recipe reads, and times every step."""

from pathlib import Path

import pytest
from mmengine.config import Config
from mmengine.logging import MMLogger

from swin3d_mmdet3d.tools.benchmark_loader import main, with_elastic

CONFIGS = Path(__file__).parents[2] / 'configs' / 'swin3d'


@pytest.mark.parametrize('recipe', ['small_scannet200-seg_rgbn', 'tiny_rooms-seg'])
def test_each_transform_has_its_row(recipe, monkeypatch):
    path = CONFIGS / f'swin3d-{recipe}.py'
    lines = []
    monkeypatch.setattr(MMLogger.get_instance('swin3d_mmdet3d'), 'info', lines.append)
    assert main([str(path), '--points', '500', '--samples', '3', '--workers', '0', '--elastic']) == 0
    table, rate = lines
    for step in with_elastic(Config.fromfile(path).train_pipeline):
        assert f' {step["type"]} ' in table
    assert rate.endswith('samples per second with 0 workers')


def test_the_distortion_comes_before_voxels_are_made():
    steps = [
        step['type']
        for step in with_elastic(Config.fromfile(CONFIGS / 'swin3d-tiny_rooms-seg.py').train_pipeline)
    ]
    assert steps.index('ElasticDistortion') == steps.index('PositiveShift') - 1
    assert steps.index('ElasticDistortion') < steps.index('GridSample')
