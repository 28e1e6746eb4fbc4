"""LGround's arms, and its recipes of ScanNet200 on hand-made scans."""

from pathlib import Path

import pytest
import torch
from mmdet3d.registry import DATASETS, METRICS, MODELS
from mmengine.config import Config
from mmengine.dataset import pseudo_collate
from tiny_scenes import write_tiny_scannet200

import swin3d_mmdet3d  # noqa: F401
from swin3d_mmdet3d.datasets import STRUCTURED3D
from swin3d_mmdet3d.datasets.scannet200 import SCANNET200_GROUPS

CONFIGS = Path(__file__).parents[2] / 'configs' / 'pretraining'


def rooms(suffix=''):
    return Config.fromfile(CONFIGS / f'lground/lground_swin3d-tiny_rooms{suffix}.py')


def test_the_method_differs_from_the_supervised_baseline_in_its_head_alone():
    own, baseline = rooms(), Config.fromfile(CONFIGS / 'supervised/supervised_swin3d-tiny_rooms.py')
    assert own.model.pop('decode_head') != baseline.model.pop('decode_head')
    for config in (own, baseline):
        assert config.pop('custom_hooks') == [dict(type='ExportHook')]
    assert own.to_dict() == baseline.to_dict()


def test_the_control_differs_from_the_method_in_the_order_of_its_labels_alone():
    own, control = rooms(), rooms('_shuffled')
    assert control.model.decode_head.loss_decode.pop('shuffle') is True
    assert own.to_dict() == control.to_dict()


def test_every_class_has_the_text_of_another_one_in_the_arm_of_other_names():
    own, arm = rooms(), rooms('_other-names')
    names = arm.pop('names')
    assert arm.model.decode_head.pop('class_names') == names
    own.model.decode_head.pop('class_names')
    assert own.to_dict() == arm.to_dict()
    assert sorted(names) == sorted(STRUCTURED3D.names)
    assert not any(name == other for name, other in zip(names, STRUCTURED3D.names))


@pytest.mark.slow  # networks of full size
@pytest.mark.parametrize('network', ['swin3d-small', 'sparse-unet34'])
def test_recipe_of_scannet200_trains_on_its_own_pipeline_and_tests_by_the_nearest_text(network, tmp_path):
    config = Config.fromfile(CONFIGS / f'lground/lground_{network}_scannet200.py')
    root = write_tiny_scannet200(tmp_path, num_points=200)
    train = config.train_dataloader.dataset.dataset
    train.data_root = config.val_dataloader.dataset.data_root = root
    torch.manual_seed(0)
    model = MODELS.build(config.model)
    dataset = DATASETS.build(train)
    data = model.data_preprocessor(pseudo_collate([dataset[0], dataset[0]]), training=True)
    losses = model.train()(**data, mode='loss')
    assert set(losses) == {'loss_pos', 'loss_neg'} and losses['loss_pos'] > 0.5
    sum(losses.values()).backward()
    assert float(next(model.backbone.parameters()).grad.abs().max()) > 0
    tested = DATASETS.build(config.val_dataloader.dataset)
    metric = METRICS.build(config.val_evaluator)
    metric.dataset_meta = tested.metainfo
    data = model.data_preprocessor(pseudo_collate([tested[0]]), training=False)
    samples = model.eval()(**data, mode='predict')
    metric.process(data, [sample.to_dict() for sample in samples])
    scores = metric.compute_metrics(metric.results)
    assert {'miou', *(f'miou_{group}' for group in SCANNET200_GROUPS)} <= set(scores)
