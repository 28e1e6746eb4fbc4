"""The configs of CAGroup3D: widths fit, and the recipes are the released ones."""

from pathlib import Path

import pytest
import torch
from mmdet3d.registry import MODELS
from mmengine.config import Config

import swin3d_mmdet3d  # noqa: F401
from swin3d_mmdet3d.datasets.class_lists import SCANNET_BOXES

FOLDER = Path(__file__).parents[2] / 'configs' / 'cagroup3d'
FILES = sorted(FOLDER.glob('*.py'))


@pytest.mark.parametrize('path', FILES, ids=lambda path: path.stem)
def test_widths_and_levels_fit(path):
    config = Config.fromfile(path)
    with torch.device('meta'):
        model = MODELS.build(config.model)
    features = model.data_preprocessor.features
    assert model.backbone.in_channels == 3 * len(features)
    assert model.neck.upsamples[-1].linear1[1].out_features == model.bbox_head.reduce[0].in_features
    assert model.bbox_head.num_classes == model.roi_head.num_classes == len(SCANNET_BOXES)
    assert model.bbox_head.conv_cls.in_features == model.roi_head.pooling.grid_conv.weight.shape[-1]


@pytest.mark.parametrize('size, parameters', [('small', 98.4), ('large', 140.1)])
def test_recipe_is_the_released_one(size, parameters):
    config = Config.fromfile(FOLDER / f'cagroup3d_swin3d-{size}_scannet-det.py')
    loader = config.train_dataloader
    crop = [step for step in loader.dataset.dataset.pipeline if step.type == 'BoxKeepingCrop']
    assert (loader.batch_size, loader.dataset.times, crop[0].max_points) == (3, 4, 50000)
    assert config.optim_wrapper.optimizer == dict(type='AdamW', lr=1e-3, weight_decay=1e-4)
    assert config.optim_wrapper.clip_grad.max_norm == 10
    assert 'paramwise_cfg' not in config.optim_wrapper
    assert config.train_cfg.max_epochs == 50 and config.param_scheduler[0].milestones == [35, 45]
    assert config.custom_hooks == [dict(type='SemanticThresholdHook', start=0.15, step=0.02, minimum=0.05)]
    assert config.model.train_cfg.num_rois == 128 and config.model.roi_head.grid_size == 7
    with torch.device('meta'):
        model = MODELS.build(config.model)
    count = sum(parameter.numel() for parameter in model.parameters())
    assert count / 1e6 == pytest.approx(parameters, abs=0.05)
    # 9 ** 3 + 5 ** 3 + 3 ** 3 + 2 matrices of 64 x 64 and four norms per class
    per_class = (729 + 125 + 27 + 2) * 64 * 64 + 8 * 64
    assert sum(p.numel() for p in model.bbox_head.class_block.parameters()) == 18 * per_class
    assert torch.isclose(model.bbox_head.cell_sizes.min(), torch.tensor(0.04))  # a picture's 6.3 cm
