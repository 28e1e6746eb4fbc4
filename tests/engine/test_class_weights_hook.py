"""Class weights follow from the labels that are trained on."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch
from mmdet3d.registry import DATASETS, HOOKS
from mmengine.logging import MMLogger
from tiny_scenes import write_tiny_scannet
from torch import nn

from swin3d_mmdet3d.datasets import SCANNET
from swin3d_mmdet3d.models.losses import ClassBalancedFocalLoss
from swin3d_mmdet3d.models.losses.class_balanced_focal_loss import rare_class_weights


def runner_of(model, root):
    settings = dict(
        type='ScanNetWholeSceneDataset', data_root=root, ann_file='scannet_infos_train.pkl', pipeline=[]
    )
    dataset = DATASETS.build(dict(type='RepeatDataset', times=3, dataset=settings))
    loader = SimpleNamespace(dataset=dataset)
    return SimpleNamespace(model=model, train_dataloader=loader, logger=MMLogger.get_current_instance())


def test_every_focal_loss_of_the_model_is_balanced_by_the_labels_of_the_training_set(tmp_path):
    root = write_tiny_scannet(tmp_path, num_points=130, scenes_per_file=2)
    model = nn.ModuleDict(dict(a=ClassBalancedFocalLoss(20), b=nn.Linear(2, 2)))
    HOOKS.build(dict(type='ClassWeightsHook')).before_train(runner_of(model, root))
    ids = np.concatenate([np.fromfile(path, np.int64) for path in tmp_path.glob('semantic_mask/*train*')])
    counts = torch.tensor([int((ids == raw_id).sum()) for raw_id in SCANNET.raw_ids])
    assert counts.sum() == 260 and len(counts.unique()) > 1
    torch.testing.assert_close(model['a'].alpha, rare_class_weights(counts))


def test_a_model_without_the_loss_is_refused(tmp_path):
    runner = runner_of(nn.Linear(2, 2), write_tiny_scannet(tmp_path, num_points=40))
    with pytest.raises(
        ValueError, match='ClassWeightsHook needs a ClassBalancedFocalLoss, got none in Linear'
    ):
        HOOKS.build(dict(type='ClassWeightsHook')).before_train(runner)
