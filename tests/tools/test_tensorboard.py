"""The line of docs/looking.md that turns TensorBoard on."""

import re
from pathlib import Path

import pytest
from tiny_training import tiny_runner

PAGE = Path(__file__).parents[2] / 'docs' / 'looking.md'


def test_one_line_of_a_config_writes_the_curves_for_tensorboard(tmp_path):
    pytest.importorskip('tensorboard')
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    (line,) = re.findall(r'^visualizer = .*$', PAGE.read_text(), re.MULTILINE)
    settings = {}
    exec(line, settings)
    logger = dict(type='LoggerHook', interval=1)
    tiny_runner(tmp_path, 3, hooks=dict(logger=logger), visualizer=settings['visualizer']).train()
    (events,) = tmp_path.rglob('events.out.tfevents.*')
    found = EventAccumulator(str(events))
    found.Reload()
    assert [point.step for point in found.Scalars('loss')] == [1, 2, 3]
    assert list(tmp_path.rglob('scalars.json'))
