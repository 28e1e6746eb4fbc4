"""Training and testing begin only where head and data sets mean the same classes."""

from types import SimpleNamespace

import pytest
from mmengine.config import Config
from torch import nn

import swin3d_mmdet3d  # noqa: F401  (registers the hook)
from swin3d_mmdet3d.engine.hooks import ClassAgreementHook


def runner_of(num_classes, **classes):
    """A runner's model and config: a head, and a loader for each of the given lists of names."""
    model = nn.Module()
    model.decode_head = nn.Module()
    model.decode_head.num_classes = num_classes
    loaders = {
        f'{name}_dataloader': dict(dataset=dict(type='S3DISWholeSceneDataset', metainfo=dict(classes=names)))
        for name, names in classes.items()
    }
    return SimpleNamespace(model=model, cfg=Config(loaders))


def test_training_looks_at_all_loaders_and_testing_at_its_own():
    runner = runner_of(2, train=('a', 'b'), val=('a', 'b'), test=('a', 'c'))
    with pytest.raises(ValueError, match=r'test_dataloader has 2 \(a, c\)'):
        ClassAgreementHook().before_train(runner)
    ClassAgreementHook().before_test(runner)
    with pytest.raises(ValueError, match='head has 3'):
        ClassAgreementHook().before_test(runner_of(3, train=('a', 'b', 'c'), test=('a', 'b')))


def test_a_head_of_several_data_sets_is_left_alone():
    ClassAgreementHook().before_train(runner_of({'x': 2, 'y': 3}, train=('a', 'b'), val=('c',)))
