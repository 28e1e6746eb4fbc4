"""LGround's arms, and its recipes of ScanNet200 on hand-made scans."""

from pathlib import Path

import numpy as np
import pytest
import torch
from mmdet3d.registry import DATASETS, METRICS, MODELS
from mmengine.config import Config
from mmengine.dataset import pseudo_collate
from tiny_scenes import write_tiny_scannet200

import swin3d_mmdet3d  # noqa: F401
from swin3d_mmdet3d.datasets import STRUCTURED3D
from swin3d_mmdet3d.datasets.scannet200 import SCANNET200, SCANNET200_GROUPS

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


@pytest.mark.parametrize('network', ['swin3d-small', 'sparse-unet34'])
def test_recipes_for_rare_classes_put_objects_of_the_bank_into_every_scan(network, tmp_path):
    config = Config.fromfile(CONFIGS / f'lground/{network}_scannet200-seg_balanced.py')
    assert config.custom_hooks == [dict(type='ClassWeightsHook')]
    settings = config.train_dataloader.dataset.dataset
    settings.data_root = write_tiny_scannet200(tmp_path, num_points=2000)
    (step,) = [step for step in settings.pipeline if step.type == 'InstancePaste']
    assert step.bank == config.bank == 'data/scannet/instances'
    step.bank = str(tmp_path / 'bank')
    grid = np.stack(np.meshgrid(*[np.arange(5) * 0.05] * 3), axis=-1).reshape(-1, 3)
    points = np.column_stack([grid, np.full((125, 3), 99)]).astype(np.float32)
    raw_id = dict(zip(SCANNET200.names, SCANNET200.raw_ids))['guitar']
    (tmp_path / 'bank' / 'guitar').mkdir(parents=True)
    np.savez(tmp_path / 'bank' / 'guitar' / 'a.npz', points=points, raw_id=raw_id)
    np.random.seed(0)
    sample = DATASETS.build(settings)[0]
    labels = sample['data_samples'].gt_pts_seg.pts_semantic_mask
    assert len(labels) == len(sample['inputs']['points'])
    guitars = int((labels == SCANNET200.names.index('guitar')).sum())
    assert guitars > 200  # of 625; without the bank 10


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
