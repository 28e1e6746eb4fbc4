"""Checkpoints of trainings are plain: torch reads them safely by itself, and resuming rebuilds the rest."""

from collections import OrderedDict
from enum import IntEnum

import numpy as np
import pytest
import torch
from mmengine.logging import HistoryBuffer
from tiny_training import tiny_runner

from swin3d_mmdet3d.engine.plain_state import make_plain, restore


class Stage(IntEnum):
    FIRST = 1


def history(*values):
    made = HistoryBuffer(max_length=7)
    for value in values:
        made.update(value, 3)
    return made


def through_torch(checkpoint, path):
    torch.save(checkpoint, path)
    return torch.load(path, weights_only=True)


def test_histories_come_back_bit_for_bit(tmp_path):
    scalars = dict(loss=history(0.1, np.pi, -1e300), empty=history(), one=history(1))
    checkpoint = dict(message_hub=dict(log_scalars=OrderedDict(scalars), runtime_info={}, resumed_keys={}))
    assert make_plain(checkpoint) == []
    got = through_torch(checkpoint, tmp_path / 'a.pth')
    restore(got)
    for name, one in got['message_hub']['log_scalars'].items():
        assert type(one) is HistoryBuffer and one.max_length == 7
        for part, whole in zip(one.data, scalars[name].data):
            np.testing.assert_array_equal(part, whole, strict=True)


def test_numpy_becomes_plain_and_arrays_of_the_data_set_come_back(tmp_path):
    table = np.array([3, 1, 255], np.uint8)
    checkpoint = dict(
        meta=dict(dataset_meta=dict(classes=('a',), seg_label_mapping=table, label2cat={np.int64(0): 'a'})),
        best=np.float64(0.1),
        stage=Stage.FIRST,
        sizes=[np.uint16([1, 65535]), np.array(['x', 'y']), frozenset({1})],
    )
    make_plain(checkpoint)
    got = through_torch(checkpoint, tmp_path / 'a.pth')
    restore(got)
    meta = got['meta']['dataset_meta']
    np.testing.assert_array_equal(meta['seg_label_mapping'], table, strict=True)
    assert meta['classes'] == ('a',) and meta['label2cat'] == {0: 'a'}
    assert got['best'] == 0.1 and type(got['best']) is float and type(got['stage']) is int
    assert got['sizes'][0].tolist() == [1, 65535] and got['sizes'][1:] == [['x', 'y'], {1}]


def test_what_is_not_plain_is_left_out_and_told():
    checkpoint = dict(param_schedulers=[dict(anneal=len, end=3)], keep=(1, open), hub={'a': {'b': object()}})
    assert make_plain(checkpoint) == [
        'checkpoint.param_schedulers[0].anneal (builtin_function_or_method)',
        'checkpoint.keep[1] (builtin_function_or_method)',
        'checkpoint.hub.a.b (object)',
    ]
    assert checkpoint == dict(param_schedulers=[dict(end=3)], keep=(1,), hub={'a': {}})


def test_state_dicts_stay_the_very_objects():
    """They have attributes that a copy would lose."""
    model = torch.nn.BatchNorm1d(3)
    state, optimiser = model.state_dict(), torch.optim.AdamW(model.parameters()).state_dict()
    checkpoint = dict(state_dict=state, optimizer=optimiser)
    make_plain(checkpoint)
    assert checkpoint['state_dict'] is state and checkpoint['optimizer'] == optimiser
    assert state._metadata


@pytest.mark.parametrize('numbers', [{}, {'log_history': 3, 'count_history': 3, 'max_length': 3}])
def test_a_scalar_without_its_numbers_is_named(numbers):
    with pytest.raises(ValueError, match='scalar loss of the message_hub must be a history'):
        restore(dict(message_hub=dict(log_scalars=dict(loss=numbers))))


def test_nothing_to_restore_is_no_error():
    for checkpoint in ({}, {'message_hub': None}, {'meta': None}, {'meta': {'dataset_meta': None}}):
        restore(dict(checkpoint))


def test_a_training_leaves_plain_checkpoints_and_resumes_its_scalars(tmp_path):
    runner = tiny_runner(tmp_path, 3)
    runner.train()
    content = torch.load(tmp_path / 'iter_3.pth', weights_only=True)
    assert {'state_dict', 'optimizer', 'meta', 'message_hub'} <= content.keys()
    losses = runner.message_hub.get_scalar('train/loss').data[0]
    resumed = tiny_runner(tmp_path, 3, resume=True)
    resumed.call_hook('before_run')
    resumed._train_loop = resumed.build_train_loop(resumed._train_loop)
    resumed.load_or_resume()
    np.testing.assert_array_equal(resumed.message_hub.get_scalar('train/loss').data[0], losses, strict=True)
    assert len(losses) == 3


@pytest.mark.parametrize('steps', ['../victim', [1, '../victim'], [True], {'a': 1}])
def test_steps_of_files_to_remove_are_numbers(steps):
    hub = dict(log_scalars={}, runtime_info=dict(keep_ckpt_ids=steps))
    with pytest.raises(ValueError, match='keep_ckpt_ids of the message_hub must be a list of steps'):
        restore(dict(message_hub=hub))
