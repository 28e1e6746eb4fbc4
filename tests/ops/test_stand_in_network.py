"""The network that stands in for Swin3D-S in the GPU script: its device, its size, its checkpointing."""

from __future__ import annotations

import pytest
import torch


@pytest.fixture
def level(benchmarks):
    """Two scenes of scattered voxels."""
    generator = torch.Generator().manual_seed(0)
    coords = torch.randint(-9, 9, (600, 4), generator=generator)
    coords[:, 0] %= 2
    coords = torch.unique(coords, dim=0)
    xyz = coords[:, 1:] + torch.rand(len(coords), 3, generator=generator)
    ptr = torch.tensor([0, int((coords[:, 0] == 0).sum()), len(coords)])
    rgb = torch.rand(len(coords), 3, generator=generator) * 2 - 1
    return benchmarks('pyramid').VoxelLevel(coords, xyz, rgb, ptr)


def test_the_network_works_on_the_device_of_its_level(benchmarks, level):
    torch.manual_seed(0)
    network = benchmarks('stand_in_network').StandInNetwork((2, 1, 1, 1, 1))
    feats = level.features()
    expected = network(feats, level)
    grads = torch.autograd.grad(expected.sum(), network.parameters())
    with torch.device('meta'):
        got = network(feats, level)
        assert torch.equal(got, expected) and expected.isfinite().all()
        assert all(map(torch.equal, torch.autograd.grad(got.sum(), network.parameters()), grads))


@pytest.mark.slow
def test_the_network_has_the_parameters_of_swin3d_s(benchmarks):
    pytest.importorskip('mmdet3d')
    from swin3d_mmdet3d.models.backbones.swin3d import Swin3D
    from swin3d_mmdet3d.models.necks.swin3d_decoder import Swin3DDecoder

    sizes = dict(channels=[48, 96, 192, 384, 384], num_heads=[6, 6, 12, 24, 24], window_sizes=[5, 7, 7, 7, 7])
    parts = [Swin3D(6, depths=[2, 4, 9, 4, 4], **sizes), Swin3DDecoder(**sizes), torch.nn.Linear(48, 20)]
    counts = [sum(p.numel() for p in part.parameters()) for part in parts]
    network = benchmarks('stand_in_network').StandInNetwork()
    assert sum(p.numel() for p in network.parameters()) == sum(counts)


def test_checkpointing_of_the_stand_in_changes_no_gradient_and_keeps_less(benchmarks, level):
    network = benchmarks('stand_in_network').StandInNetwork((1, 2, 1, 1, 1))

    def gradients():
        kept = {}
        with torch.autograd.graph.saved_tensors_hooks(
            lambda t: kept.update({t.untyped_storage().data_ptr(): t}) or t, lambda t: t
        ):
            out = network(level.features(), level)
        grads = torch.autograd.grad(out.sin().sum(), network.parameters())
        return grads, sum(tensor.untyped_storage().nbytes() for tensor in kept.values())

    expected, kept = gradients()
    network.checkpoint_activations()
    grads, less = gradients()
    assert all(map(torch.equal, grads, expected)) and less < kept
