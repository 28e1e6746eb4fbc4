"""The feed-forward branch of a block is norm, two layers and sum, whatever norm and stochastic depth are."""

import pytest
import torch
from torch import nn

from swin3d_mmdet3d.models.layers import LayerNorm, Swin3DBlock
from swin3d_mmdet3d.models.layers.prompt_norm import PromptNorm
from swin3d_mmdet3d.structures import Prompt, SparseVoxels


@pytest.fixture
def block():
    """A block whose attention adds nothing."""
    torch.manual_seed(0)
    block = Swin3DBlock(8, 2, 3)
    block.attn = nn.Identity()
    block.attn.forward = lambda feats, *_: feats
    for parameter in block.norm2.parameters():
        nn.init.normal_(parameter)
    return block


def voxels(count, prompt=None):
    """That many voxels in a row."""
    coords = torch.zeros(count, 4, dtype=torch.int64)
    coords[:, 1] = torch.arange(count)
    return SparseVoxels(coords, 1, prompt=prompt)


def layers(block, feats):
    """The branch layer by layer."""
    return block.mlp.fc2(nn.functional.gelu(block.mlp.fc1(feats)))


def test_evaluation_adds_the_layers_of_the_normalised_features(block):
    feats = torch.randn(50, 8)
    expected = feats + layers(block, block.norm2(feats))
    torch.testing.assert_close(block.eval()(feats, voxels(50), None), expected, rtol=1e-5, atol=1e-5)


def test_rows_of_the_branch_are_weighted(block):
    feats, weights = torch.randn(2000, 8), torch.rand(2, 2000).gt(0.4) / 0.6
    expected = feats + weights[1, :, None] * layers(block, block.norm2(feats))
    out = block.train()(feats, voxels(2000), None, weights)
    torch.testing.assert_close(out, expected, rtol=1e-5, atol=1e-5)
    assert 0.3 < float((out == feats).all(1).float().mean()) < 0.5


@pytest.mark.parametrize('decoupled', [True, False])
def test_a_prompt_driven_norm_reaches_the_branch_with_its_gradients(block, decoupled):
    norm = PromptNorm(block.norm2, ('a', 'b'), decoupled, prompt_channels=5)
    for parameter in norm.parameters():
        nn.init.normal_(parameter, std=0.5)
    block.norm2, block.norm1 = norm, LayerNorm(8)
    embedding, feats = torch.randn(5).requires_grad_(), torch.randn(30, 8)
    given = voxels(30, Prompt('b', embedding))
    out = block.eval()(feats, given, None)
    expected = feats + layers(block, norm(feats, given))
    torch.testing.assert_close(out, expected, rtol=1e-4, atol=1e-5)
    grad = torch.randn_like(out)
    inputs = [embedding, *norm.norm_of('b').parameters(), *norm.modulation.parameters()]
    for got, truth in zip(
        torch.autograd.grad(out, inputs, grad), torch.autograd.grad(expected, inputs, grad)
    ):
        torch.testing.assert_close(got, truth, rtol=1e-4, atol=1e-4)
    with pytest.raises(ValueError, match='voxels must carry a prompt'):
        block(feats, voxels(30), None)
