"""Batch norms that mmengine's sync_bn replaces are called as this package's norms are."""

import copy

import pytest
import torch
from mmdet3d.registry import MODELS
from mmengine.model import convert_sync_batchnorm
from tiny_pretraining import random_batch, tiny_student

import swin3d_mmdet3d  # noqa: F401
from swin3d_mmdet3d.engine.hooks import SyncBatchNormHook


def test_a_network_with_synchronised_norms_gives_the_outputs_of_the_plain_one():
    plain = MODELS.build(tiny_student()['backbone']).eval()
    for name, value in plain.state_dict().items():
        if 'running_' in name:
            value.add_(torch.rand_like(value))
    preprocessor = MODELS.build(dict(type='ViewPreprocessor', voxel_size=0.2))
    (view,) = preprocessor(random_batch(), training=True)['inputs']['views']
    synchronised = convert_sync_batchnorm(copy.deepcopy(plain), 'torch').eval()
    with pytest.raises(TypeError):
        synchronised(view.feats, view.voxels)
    SyncBatchNormHook().before_run(type('Run', (), dict(model=synchronised))())
    for (feats, _), (expected, _) in zip(
        synchronised(view.feats, view.voxels), plain(view.feats, view.voxels)
    ):
        assert torch.equal(feats, expected)
    assert synchronised.state_dict().keys() == plain.state_dict().keys()
