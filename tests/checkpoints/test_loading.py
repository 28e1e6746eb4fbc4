"""Checkpoints load completely, sparse convolutions included, or fail loudly."""

import mmengine.runner
import pytest
import torch
from hostile_files import RunsCode, bytes_of
from mmdet3d.registry import MODELS
from mmengine.runner.checkpoint import CheckpointLoader

from swin3d_mmdet3d.checkpoints import CheckpointError, checked_checkpoints, load_checkpoint
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
    mmengine.runner.load_checkpoint(target, str(path), strict=True, revise_keys=[(r'^student\.', '')])
    assert all(torch.equal(target.state_dict()[k], v) for k, v in source.state_dict().items())


def test_importing_the_package_leaves_mmengines_loaders_alone():
    """Also those that an earlier test has swapped for a while."""
    loaders = {prefix: loader.__module__ for prefix, loader in CheckpointLoader._schemes.items()}
    assert loaders.pop('swin3d_mmdet3d::') == 'swin3d_mmdet3d.checkpoints.loader'
    assert set(loaders.values()) == {'mmengine.runner.checkpoint'}
    with checked_checkpoints():
        assert CheckpointLoader._get_checkpoint_loader('a.pth') is load_checkpoint
        assert CheckpointLoader._get_checkpoint_loader('https://a/b.pth') is load_checkpoint
    assert CheckpointLoader._get_checkpoint_loader('a.pth').__module__ == 'mmengine.runner.checkpoint'


def test_the_stock_initialisation_reads_by_our_loader_within_commands(tmp_path):
    path = tmp_path / 'evil.pth'
    path.write_bytes(bytes_of({'state_dict': {}, 'extra': RunsCode(tmp_path / 'ran')}))
    model = network(init_cfg=dict(type='Pretrained', checkpoint=str(path), prefix='backbone.'))
    with checked_checkpoints(), pytest.raises(CheckpointError, match='evil.pth names'):
        model.init_weights()
    assert not (tmp_path / 'ran').exists()


@pytest.mark.parametrize('content', [b'', b'not a checkpoint', b'\x80\x04N.'])
def test_file_that_is_no_checkpoint_is_refused(tmp_path, content):
    path = tmp_path / 'broken.pth'
    path.write_bytes(content)
    with pytest.raises(CheckpointError, match='broken.pth is damaged or no checkpoint'):
        load_checkpoint(path)


@pytest.mark.parametrize('zipped', [True, False])
def test_truncated_checkpoint_is_refused(tmp_path, zipped):
    path = tmp_path / 'half.pth'
    torch.save({'state_dict': {'w': torch.rand(1000)}}, path, _use_new_zipfile_serialization=zipped)
    path.write_bytes(path.read_bytes()[:2000])
    with pytest.raises(CheckpointError, match='half.pth is damaged or no checkpoint'):
        load_checkpoint(path)


def test_missing_checkpoint_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match='nowhere.pth is not a file'):
        load_checkpoint(tmp_path / 'nowhere.pth')


def test_a_flipped_bit_in_the_weights_is_noticed(tmp_path):
    """torch itself reads such a file."""
    path = tmp_path / 'flipped.pth'
    torch.save({'state_dict': {'w': torch.full((64,), 7.0)}}, path)
    data = bytearray(path.read_bytes())
    data[data.index(torch.full((64,), 7.0).numpy().tobytes()) + 9] ^= 4
    path.write_bytes(data)
    assert not torch.equal(torch.load(path)['state_dict']['w'], torch.full((64,), 7.0))
    with pytest.raises(CheckpointError, match='flipped.pth is damaged .*another checksum'):
        load_checkpoint(path)
