"""Activation checkpointing changes what is kept for the backward pass, and neither values nor gradients."""

import contextlib

import pytest
import torch
from mmdet3d.registry import MODELS
from swin3d_ops import window_attention
from swin3d_ops.voxel_index import unique_voxels
from tiny_prompted import batch, prompted
from torch import nn

import swin3d_mmdet3d  # noqa: F401
from swin3d_mmdet3d.models.layers import Swin3DBlock
from swin3d_mmdet3d.structures import SparseVoxels

SIZES = dict(channels=[16, 16, 32], num_heads=[2, 2, 4], window_sizes=[3, 3, 3])
BLOCKS = 1 + 2 + 2 + 2  # of the encoder and of the decoder


@pytest.fixture
def level():
    """Features and voxels of two scenes."""
    generator = torch.Generator().manual_seed(0)
    cells = torch.randint(0, 12, (1500, 4), generator=generator)
    cells[:, 0] %= 2
    coords, _ = unique_voxels(cells)
    xyz = coords[:, 1:] + torch.rand(len(coords), 3, generator=generator)
    rgb = torch.rand(len(coords), 3, generator=generator) * 2 - 1
    voxels = SparseVoxels(coords, 2, signals=dict(xyz=xyz, rgb=rgb / 1.001))
    return torch.randn(len(coords), 6, generator=generator), voxels


def network(with_cp, **kwargs):
    torch.manual_seed(0)
    encoder = dict(type='Swin3D', in_channels=6, depths=[1, 2, 2], drop_path_rate=0.5, out_indices=(0, 1, 2))
    encoder = MODELS.build({**encoder, **SIZES, 'with_cp': with_cp, **kwargs})
    return nn.ModuleList([encoder, MODELS.build(dict(type='Swin3DDecoder', with_cp=with_cp, **SIZES))])


def run(parts, level, autocast=None):
    encoder, decoder = parts
    mode = contextlib.nullcontext() if autocast is None else torch.autocast('cpu', autocast)
    torch.manual_seed(7)
    with mode:
        return decoder(encoder(*level))[0]


def values(with_cp, level, autocast=None, **kwargs):
    """Output, gradients, and the random numbers that come next."""
    parts = network(with_cp, **kwargs)
    out = run(parts, level, autocast)
    out.sin().sum().backward()
    return [out.detach(), *(weight.grad for weight in parts.parameters()), torch.rand(3)]


@pytest.mark.parametrize(
    'change, autocast, backends',
    [
        ({}, None, 'auto'),
        ({}, None, 'torch'),
        (dict(stem_transformer=False, knn_down=False), None, 'auto'),
        ({}, torch.bfloat16, 'torch'),
    ],
)
def test_output_gradients_and_random_numbers_keep_their_bits(level, change, autocast, backends, monkeypatch):
    monkeypatch.setenv('SWIN3D_OPS', backends)
    kept, computed_again = (values(with_cp, level, autocast, **change) for with_cp in (False, True))
    assert all(map(torch.equal, kept, computed_again))


def test_gradients_of_prompts_keep_their_bits():
    results = []
    for with_cp in (False, True):
        torch.manual_seed(0)
        model = prompted()
        for module in model.modules():
            if isinstance(module, Swin3DBlock):
                module.with_cp = with_cp
        model(**model.data_preprocessor(batch('ScanNet'), True), mode='loss')['loss_seg'].backward()
        results.append([weight.grad for weight in model.parameters() if weight.grad is not None])
    assert len(results[0]) > 50 and all(map(torch.equal, *results))


@pytest.mark.parametrize('with_cp', [False, True])
def test_each_block_is_computed_again_once_and_without_gradients_never(level, with_cp, monkeypatch):
    calls = []

    def count(*arguments):
        calls.append(1)
        return window_attention(*arguments)

    monkeypatch.setattr('swin3d_mmdet3d.models.layers.window_attention.window_attention', count)
    parts = network(with_cp)
    out = run(parts, level)
    assert len(calls) == BLOCKS
    out.sum().backward()
    assert len(calls) == BLOCKS * (1 + with_cp)
    calls.clear()
    with torch.no_grad():
        run(parts.eval(), level)
    assert len(calls) == BLOCKS


def kept_bytes(block, *arguments):
    """Bytes that a block keeps for the backward pass beside its weights."""
    weights = {weight.untyped_storage().data_ptr() for weight in block.parameters()}
    storages = {}

    def pack(tensor):
        storages[tensor.untyped_storage().data_ptr()] = tensor.untyped_storage()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        out = block(*arguments)
    assert out.requires_grad
    return sum(storage.nbytes() for address, storage in storages.items() if address not in weights)


@pytest.mark.parametrize('backends', ['auto', 'torch'])
def test_a_block_keeps_nothing_but_the_inputs_of_its_two_branches(level, backends, monkeypatch):
    monkeypatch.setenv('SWIN3D_OPS', backends)
    parts = network(False)
    given = []
    block = parts[0].layers[0].blocks[0]
    block.register_forward_hook(lambda module, inputs, out: given.append(inputs))
    run(parts, level)
    feats, *others = given[0]
    feats = feats.detach().requires_grad_()
    all_kept = kept_bytes(block, feats, *others)
    block.with_cp = True
    assert kept_bytes(block, feats, *others) <= 2 * feats.nbytes
    assert all_kept >= 6 * feats.nbytes
