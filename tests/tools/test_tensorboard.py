"""The lines of docs/looking.md that turn TensorBoard on, in a config and on the command line."""

import re
from pathlib import Path

import pytest
from mmengine.config import Config
from tiny_training import tiny_runner

from swin3d_mmdet3d.tools.train import add_vis_backends, parse_arguments

ROOT = Path(__file__).parents[2]
PAGE = ROOT / 'docs' / 'looking.md'
RUNTIME = ROOT / 'configs' / '_base_' / 'runtime' / 'training.py'


def test_one_line_of_a_config_or_an_option_writes_the_curves_for_tensorboard(tmp_path):
    pytest.importorskip('tensorboard')
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    (line,) = re.findall(r'^visualizer = .*$', PAGE.read_text(), re.MULTILINE)
    in_config = {}
    exec(line, in_config)
    (words,) = re.findall(r'tools\.train (CONFIG --vis-backends .*)$', PAGE.read_text(), re.MULTILINE)
    config = Config.fromfile(RUNTIME)
    add_vis_backends(config, parse_arguments(words.split()).vis_backends)
    assert config.visualizer == in_config['visualizer']
    logger = dict(type='LoggerHook', interval=1)
    tiny_runner(tmp_path, 3, hooks=dict(logger=logger), visualizer=config.visualizer).train()
    (events,) = tmp_path.rglob('events.out.tfevents.*')
    found = EventAccumulator(str(events))
    found.Reload()
    assert [point.step for point in found.Scalars('loss')] == [1, 2, 3]
    assert list(tmp_path.rglob('scalars.json'))
