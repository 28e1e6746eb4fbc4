"""Checkpoints load completely, sparse convolutions included, or fail loudly."""

import pickle

import pytest
import torch
from mmdet3d.registry import MODELS
from mmengine.logging import HistoryBuffer
from mmengine.runner import load_checkpoint
from mmengine.runner.checkpoint import CheckpointLoader

from swin3d_mmdet3d.tools.convert_checkpoint import official_model_cfg

ARGUMENTS = dict(
    depths=[1, 1],
    channels=[8, 16],
    num_heads=[2, 2],
    window_sizes=[3, 3],
    quant_size=4,
    num_layers=2,
    num_classes=4,
)


def network(**options):
    torch.manual_seed(options.pop('seed', 0))
    config = official_model_cfg(**ARGUMENTS, stem_transformer=False, upsample='linear_attn')
    config['backbone'].update(options)
    return MODELS.build(config)


def test_pretrained_backbone_fills_every_tensor_of_the_encoder(tmp_path):
    source = network(seed=1)
    path = tmp_path / 'weights.pth'
    torch.save({'state_dict': source.state_dict()}, path)
    target = network(seed=2, init_cfg=dict(type='Pretrained', checkpoint=str(path), prefix='backbone.'))
    convolutions = [key for key in target.backbone.state_dict() if 'conv' in key and key.endswith('weight')]
    assert len(convolutions) >= 3
    before = target.backbone.state_dict()['stem_layer.1.conv1.weight'].clone()
    target.init_weights()
    for key, tensor in source.backbone.state_dict().items():
        assert torch.equal(target.backbone.state_dict()[key], tensor), key
    assert not torch.equal(before, target.backbone.state_dict()['stem_layer.1.conv1.weight'])


def test_revised_keys_fill_every_tensor(tmp_path):
    source = network(seed=1)
    path = tmp_path / 'weights.pth'
    torch.save({'state_dict': {f'student.{k}': v for k, v in source.state_dict().items()}}, path)
    target = network(seed=2)
    load_checkpoint(target, str(path), strict=True, revise_keys=[(r'^student\.', '')])
    assert all(torch.equal(target.state_dict()[k], v) for k, v in source.state_dict().items())


def test_checkpoint_with_python_objects_loads(tmp_path):
    path = tmp_path / 'runner.pth'
    torch.save({'state_dict': {'w': torch.ones(2)}, 'message_hub': HistoryBuffer([1.0], [1])}, path)
    with pytest.raises(pickle.UnpicklingError):
        torch.load(path, weights_only=True)
    assert torch.equal(CheckpointLoader.load_checkpoint(str(path))['state_dict']['w'], torch.ones(2))


@pytest.mark.parametrize('content', [b'', b'not a checkpoint', b'\x80\x04N.'])
def test_file_that_is_no_checkpoint_is_refused(tmp_path, content):
    path = tmp_path / 'broken.pth'
    path.write_bytes(content)
    with pytest.raises(ValueError, match='broken.pth is damaged or no checkpoint'):
        CheckpointLoader.load_checkpoint(str(path))


def test_truncated_checkpoint_is_refused(tmp_path):
    path = tmp_path / 'half.pth'
    torch.save({'state_dict': {'w': torch.rand(1000)}}, path)
    path.write_bytes(path.read_bytes()[:2000])
    with pytest.raises(ValueError, match='half.pth is damaged or no checkpoint'):
        CheckpointLoader.load_checkpoint(str(path))


def test_missing_checkpoint_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match='nowhere.pth is not a file'):
        CheckpointLoader.load_checkpoint(str(tmp_path / 'nowhere.pth'))
