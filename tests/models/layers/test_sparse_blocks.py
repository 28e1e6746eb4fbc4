"""Norms and blocks of sparse convolutions."""

import pytest
import torch

from swin3d_mmdet3d.models.layers import BatchNorm, ConvNormAct, ResBlock
from swin3d_mmdet3d.structures import SparseVoxels


def norm_with_statistics(channels=5):
    norm = BatchNorm(channels)
    norm.running_mean.normal_()
    norm.running_var.uniform_(0.5, 2)
    torch.nn.init.normal_(norm.weight)
    return norm


@pytest.mark.parametrize('rows', [0, 1])
def test_fewer_than_two_rows_are_normalised_by_the_running_statistics(rows):
    norm, feats = norm_with_statistics(), torch.randn(rows, 5)
    before = norm.running_mean.clone()
    expected = (feats - norm.running_mean) / (norm.running_var + norm.eps).sqrt() * norm.weight + norm.bias
    torch.testing.assert_close(norm(feats), expected)
    assert torch.equal(norm.running_mean, before)


def test_more_rows_are_normalised_as_pytorch_does():
    norm, feats = norm_with_statistics(), torch.randn(7, 5)
    plain = torch.nn.BatchNorm1d(5)
    plain.load_state_dict(norm.state_dict())
    assert torch.equal(norm(feats), plain(feats)) and torch.equal(norm.running_var, plain.running_var)
    assert torch.equal(norm.eval()(feats[:1]), plain.eval()(feats[:1]))


def test_blocks_name_their_weights_as_the_networks_that_they_are_of():
    """Names that checkpoints hold."""
    plain = ['conv1.weight', 'norm1.weight', 'norm1.bias', 'conv2.weight', 'norm2.weight', 'norm2.bias']
    projected = [*plain, 'downsample.0.weight', 'downsample.1.weight', 'downsample.1.bias']
    assert [name for name, _ in ResBlock(4, 4).named_parameters()] == plain
    assert [name for name, _ in ResBlock(4, 6).named_parameters()] == projected
    assert [name for name, _ in ResBlock(4, 4, down=True).named_parameters()] == projected
    assert [name for name, _ in ConvNormAct(4, 6, 'elu').named_parameters()] == [
        '0.weight',
        '1.weight',
        '1.bias',
    ]


def test_a_block_of_one_voxel_can_be_trained():
    voxels = SparseVoxels(torch.tensor([[0, 3, -1, 2]]), 1)
    block = ResBlock(4, 6)
    block((torch.randn(1, 4), voxels))[0].sum().backward()
    assert all(bool(weight.grad.isfinite().all()) for weight in block.parameters())


def test_an_unknown_activation_is_named():
    with pytest.raises(ValueError, match=r"activation must be one of \['elu', 'relu'\], got 'gelu'"):
        ConvNormAct(4, 4, 'gelu')
