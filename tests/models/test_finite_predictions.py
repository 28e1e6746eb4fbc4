"""Outputs that are NaN or infinite are refused with the name of the scan, not made into labels or boxes."""

from pathlib import Path

import pytest
import torch
from mmdet3d.registry import MODELS
from mmdet3d.structures import DepthInstance3DBoxes, Det3DDataSample
from mmengine.config import Config

from swin3d_mmdet3d.tools.convert_checkpoint import official_model_cfg

ROOT = Path(__file__).parents[2]
SIZES = dict(depths=[1, 1], channels=[8, 16], num_heads=[2, 2], window_sizes=[3, 3])
NAN, INF = float('nan'), float('inf')


def cloud(num_points=200):
    columns = torch.rand(num_points, 6) * 2
    columns[:, 3:] -= 1
    return columns


def predict(model, names):
    samples = [Det3DDataSample(metainfo=dict(lidar_path=n, box_type_3d=DepthInstance3DBoxes)) for n in names]
    inputs = dict(points=[cloud() for _ in names])
    with torch.no_grad():
        return model.eval().test_step(dict(inputs=inputs, data_samples=samples))


def put(module, rows, value):
    """Let the outputs of a linear layer be `value` in some rows."""
    module.register_forward_hook(lambda module, inputs, output: output.index_fill(0, rows, value))


@pytest.mark.parametrize(('mode', 'value'), [('whole', NAN), ('whole', -INF), ('chunks', INF)])
def test_a_segmentor_names_the_scan_with_bad_logits(mode, value):
    config = official_model_cfg(**SIZES, quant_size=4, num_layers=2, num_classes=4, upsample='linear_attn')
    config['test_cfg'] = dict(mode=mode) if mode == 'whole' else dict(mode=mode, chunk_size=1.0, max_voxels=1)
    model = MODELS.build(config)
    assert len(predict(model, ['a.bin', 'b.bin'])) == 2
    put(model.decode_head.classifier[-1], torch.tensor([-1]), value)
    with pytest.raises(ValueError, match=r'\d+ of \d+ outputs of the network are NaN or infinite in b.bin$'):
        predict(model, ['a.bin', 'b.bin'] if mode == 'whole' else ['b.bin'])


@pytest.mark.parametrize(
    ('kind', 'part'),
    [
        ('fcaf3d', 'bbox_head.conv_cls'),
        ('fcaf3d', 'bbox_head.conv_center'),
        ('fcaf3d', 'bbox_head.conv_reg'),
        ('tr3d', 'bbox_head.conv_cls'),
        ('tr3d', 'bbox_head.conv_reg'),
        ('cagroup3d', 'bbox_head.conv_semantic'),
        ('cagroup3d', 'bbox_head.conv_vote.6'),
        ('cagroup3d', 'bbox_head.conv_cls'),
        ('cagroup3d', 'roi_head.conv_reg'),
    ],
)
def test_a_detector_names_the_scan_with_bad_predictions(kind, part):
    config = Config.fromfile(ROOT / f'configs/{kind}/{kind}_swin3d-tiny_rooms-scannet-det.py')
    model = MODELS.build(config.model)
    model.init_weights()
    for name in ('conv_semantic', 'conv_cls'):  # boxes everywhere
        if hasattr(model.bbox_head, name):
            torch.nn.init.constant_(getattr(model.bbox_head, name).bias, 2.0)
    predict(model, ['a.bin'])
    put(model.get_submodule(part), torch.tensor([0]), NAN)
    with pytest.raises(ValueError, match='NaN or infinite in a.bin'):
        predict(model, ['a.bin'])
