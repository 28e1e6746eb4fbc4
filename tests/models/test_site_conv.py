"""The back-ends of a product over a kernel map agree: values and both gradients."""

import pytest
import torch

from swin3d_mmdet3d.models.layers import multiply_by_map
from swin3d_mmdet3d.structures import KernelMap, kernel_map_between, transposed_kernel_map


def drawn_voxels(generator):
    coords = torch.randint(0, 24, (9000, 4), generator=generator)
    coords[:, 0] %= 2
    return torch.unique(coords, dim=0)


def drawn_map(kind):
    generator = torch.Generator().manual_seed(0)
    sources, targets = drawn_voxels(generator), drawn_voxels(generator)
    if kind == 'transposed':
        children = torch.stack([torch.randperm(900, generator=generator)[:500] for _ in range(27)])
        return transposed_kernel_map(torch.unique(children, return_inverse=True)[1])
    if kind == 'transposed of nothing':
        return transposed_kernel_map(torch.empty(27, 0, dtype=torch.int64))
    if kind == 'unsorted':
        sources = sources[torch.randperm(len(sources), generator=generator)]
    if kind == 'no sources':
        sources = sources[:0]
    if kind == 'no targets':
        targets = targets[:0]
    if kind == 'one row':
        sources = targets = targets[:1]
    return kernel_map_between(sources, targets, 3)


KINDS = ('sorted', 'unsorted', 'transposed', 'transposed of nothing', 'no sources', 'no targets', 'one row')


@pytest.mark.parametrize('kind', KINDS)
def test_back_ends_agree(monkeypatch, kind):
    pairs = drawn_map(kind)
    generator = torch.Generator().manual_seed(1)
    feats = torch.randn(pairs.num_sources, 17, generator=generator).double().requires_grad_()
    weight = torch.randn(20, 3, 3, 3, 17, generator=generator).double().requires_grad_()
    grad = torch.randn(pairs.num_targets, 20, generator=generator).double()
    results = []
    for backend in ('torch', 'auto'):
        monkeypatch.setenv('SWIN3D_OPS', backend)
        out = multiply_by_map(feats, weight, pairs)
        results.append([out, *torch.autograd.grad(out, (feats, weight), grad)])
    for torch_form, chosen in zip(*results):
        torch.testing.assert_close(chosen, torch_form)


def test_large_maps_have_several_blocks_that_cover_all_rows_and_pairs():
    pairs = drawn_map('sorted')
    assert isinstance(pairs, KernelMap) and len(pairs.blocks) > 1
    assert [block.stop for block in pairs.blocks[:-1]] == [block.start for block in pairs.blocks[1:]]
    assert pairs.blocks[0].start == 0 and pairs.blocks[-1].stop == pairs.num_targets
    assert len(pairs.pairs.source) == sum(len(block.source) for block in pairs.blocks)
