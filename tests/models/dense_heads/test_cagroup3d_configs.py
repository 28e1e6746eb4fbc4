"""The configs of CAGroup3D: widths fit, and the networks have as many weights as they should."""

from pathlib import Path

import pytest
import torch
from mmdet3d.registry import MODELS
from mmengine.config import Config

import swin3d_mmdet3d  # noqa: F401
from swin3d_mmdet3d.datasets.class_lists import SCANNET_BOXES

FOLDER = Path(__file__).parents[3] / 'configs' / 'cagroup3d'
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
def test_networks_have_the_weights_of_their_parts(size, parameters):
    config = Config.fromfile(FOLDER / f'cagroup3d_swin3d-{size}_scannet-det.py')
    with torch.device('meta'):
        model = MODELS.build(config.model)
    count = sum(parameter.numel() for parameter in model.parameters())
    assert count / 1e6 == pytest.approx(parameters, abs=0.05)
    # 9 ** 3 + 5 ** 3 + 3 ** 3 + 2 matrices of 64 x 64 and four norms per class
    per_class = (729 + 125 + 27 + 2) * 64 * 64 + 8 * 64
    assert sum(p.numel() for p in model.bbox_head.class_block.parameters()) == 18 * per_class
    assert torch.isclose(model.bbox_head.cell_sizes.min(), torch.tensor(0.04))  # a picture's 6.3 cm
