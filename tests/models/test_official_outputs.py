"""The network reproduces the original's stage outputs, loss, gradients and statistics."""

import json

import numpy as np
import pytest
import torch
from official_swin3d import golden, official_network, official_voxels, rows_of, tensors
from swin3d_ops import available_backends

from swin3d_mmdet3d.models.layers import Swin3DBlock
from swin3d_mmdet3d.tools.convert_checkpoint import convert_to_official

NETWORKS = ['tiny_rgb', 'tiny_norm']


@pytest.fixture(params=NETWORKS)
def name(request):
    return request.param


@pytest.fixture(autouse=True, params=['reference', 'torch', 'cpu'])
def backend(request, monkeypatch):
    """Every back-end that this machine has."""
    reason = available_backends('window_attention')[request.param]
    if reason is not None:
        pytest.skip(f'{request.param}: {reason}')
    monkeypatch.setenv('SWIN3D_OPS', request.param)


def test_every_stage_equals_the_original_in_eval_mode(name):
    data = golden(name)
    model = official_network(name)
    feats, voxels = official_voxels(name)
    outputs = {}
    keep = lambda key: lambda module, inputs, out: outputs.__setitem__(key, out)  # noqa: E731
    model.backbone.stem_layer.register_forward_hook(keep('stem'))
    for i, stage in enumerate(model.backbone.layers):
        stage.register_forward_hook(keep(f'stage{i}'))
        if stage.downsample is not None:
            stage.downsample.register_forward_hook(keep(f'down{i}'))
    for i, upsample in enumerate(model.neck.upsamples):
        upsample.register_forward_hook(keep(f'up{i}'))
    with torch.no_grad():
        levels = model.backbone(feats, voxels)
        outputs['logits'] = model.decode_head(*model.neck(levels))

    level_rows = [
        rows_of(level.coords, torch.from_numpy(data[f'level_coords_{i}']))
        for i, (_, level) in enumerate(levels)
    ]
    level_of = {'stem': 0, 'logits': 0}
    level_of.update({f'stage{i}': i for i in range(5)})
    level_of.update({f'down{i}': i + 1 for i in range(4)})
    level_of.update({f'up{i}': 3 - i for i in range(4)})
    for key, out in outputs.items():
        wanted = torch.from_numpy(data[f'eval_{key}'])
        torch.testing.assert_close(out[level_rows[level_of[key]]], wanted, atol=1e-4, rtol=0, msg=key)


def test_coarse_voxels_take_the_original_representatives(name):
    data = golden(name)
    _, voxels = official_voxels(name)
    arguments = json.loads(str(data['config']))
    order = torch.arange(len(voxels))  # our row of each row of the golden level
    for level, factor in enumerate([arguments['first_down_stride'], 2, 2, 2]):
        coarse, _ = voxels.downsample(factor)
        chosen = order[torch.from_numpy(data[f'chosen_{level}']).long()]
        order = rows_of(coarse.coords, torch.from_numpy(data[f'level_coords_{level + 1}']))
        for signal, values in coarse.signals.items():
            assert torch.equal(values[order], voxels.signals[signal][chosen]), (level, signal)
        voxels = coarse


def test_loss_gradients_and_statistics_equal_the_original_in_train_mode(name):
    data = golden(name)
    model = official_network(name).train()
    for module in model.modules():
        if isinstance(module, Swin3DBlock):
            module.drop_path = 0.0
    model.decode_head.ignore_index = -100
    feats, voxels = official_voxels(name)
    feats.requires_grad_()
    logits = model.voxel_logits(feats, voxels)
    labels = torch.from_numpy(data['labels']).long()
    loss = model.decode_head.loss_decode(logits, labels, ignore_index=-100)
    loss.backward()

    torch.testing.assert_close(logits.detach(), torch.from_numpy(data['train_logits']), atol=1e-4, rtol=0)
    assert abs(float(loss.detach()) - float(data['train_loss'])) < 1e-5
    gradients = convert_to_official({key: p.grad for key, p in model.named_parameters()})
    wanted = tensors(name, 'train_grad')
    assert wanted and wanted.keys() <= gradients.keys()
    for key in wanted:
        _assert_relative(gradients[key], wanted[key], key)
    _assert_relative(feats.grad, torch.from_numpy(data['train_grad_features']), 'features')

    state = convert_to_official(model.state_dict())
    for key, value in tensors(name, 'train_stats').items():
        np.testing.assert_allclose(state[key].numpy(), value.numpy(), atol=1e-5, err_msg=key)


def _assert_relative(got, wanted, key):
    error = (got - wanted).abs().max() / wanted.abs().max()
    assert error < 1e-3, f'{key}: {error:.2e} of the largest entry'
