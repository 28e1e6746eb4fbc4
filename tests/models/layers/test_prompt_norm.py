"""Prompt-driven norms against plain ones and against their own formula."""

import copy

import pytest
import torch
from torch import nn

from swin3d_mmdet3d.models.layers import BatchNorm, LayerNorm
from swin3d_mmdet3d.models.layers.prompt_folding import folded_state_dict
from swin3d_mmdet3d.models.layers.prompt_norm import PromptNorm, use_prompt_norms
from swin3d_mmdet3d.structures import Prompt, SparseVoxels

CONDITIONS = ('a', 'b')


class Network(nn.Module):
    """A layer norm and a batch norm around linear layers, over voxels."""

    def __init__(self):
        super().__init__()
        self.layers = nn.ModuleList([nn.Linear(3, 4), LayerNorm(4), nn.Linear(4, 4), BatchNorm(4)])

    def forward(self, feats, voxels):
        first, norm, second, second_norm = self.layers
        return second_norm(second(norm(first(feats), voxels)), voxels)


def voxels(num, condition=None, embedding=None):
    coords = torch.zeros(num, 4, dtype=torch.int64)
    coords[:, 1] = torch.arange(num)
    prompt = None if condition is None else Prompt(condition, embedding)
    return SparseVoxels(coords, 1, prompt=prompt)


def shake(network):
    """Weights and statistics unlike the initial ones."""
    for value in network.state_dict().values():
        if value.is_floating_point():
            value.add_(torch.rand_like(value) * 0.5)


@pytest.mark.parametrize('decoupled', [True, False])
@pytest.mark.parametrize('training', [True, False])
def test_fresh_prompt_norms_equal_the_plain_norms_to_the_bit(decoupled, training):
    plain = Network().train(training)
    shake(plain)
    network = copy.deepcopy(plain)
    use_prompt_norms(network, CONDITIONS, decoupled, prompt_channels=6)
    feats = torch.randn(20, 3)
    out = network(feats, voxels(20, 'b', torch.randn(6)))
    assert torch.equal(out, plain(feats, None))


def test_adaptive_norm_scales_and_shifts_by_the_embedding():
    embedding, feats = torch.randn(6), torch.randn(9, 4)
    norm = PromptNorm(LayerNorm(4), CONDITIONS, decoupled=False, prompt_channels=6)
    nn.init.normal_(norm.modulation.weight)
    nn.init.normal_(norm.modulation.bias)
    hidden = embedding / (1 + torch.exp(-embedding))
    shift, scale = (norm.modulation.weight @ hidden + norm.modulation.bias).split(4)
    centred = feats - feats.mean(1, keepdim=True)
    plain = centred / (feats.var(1, unbiased=False, keepdim=True) + 1e-5).sqrt()
    torch.testing.assert_close(norm(feats, voxels(9, 'a', embedding)), plain * (1 + scale) + shift)


def test_statistics_and_gradients_of_other_conditions_stay_as_they_are():
    network = Network()
    norms = use_prompt_norms(network, CONDITIONS, decoupled=True)
    other = copy.deepcopy([norm.norm_of('a').state_dict() for norm in norms])
    out = network(torch.randn(30, 3), voxels(30, 'b'))
    out.square().sum().backward()
    for norm, before in zip(norms, other):
        for name, value in norm.norm_of('a').state_dict().items():
            assert torch.equal(value, before[name])
        assert all(p.grad is None for p in norm.norm_of('a').parameters())
        assert all(p.grad is not None for p in norm.norm_of('b').parameters())
    moved = norms[1].norm_of('b')
    assert not torch.equal(moved.running_mean, torch.zeros(4))


@pytest.mark.parametrize('prompt_channels', [None, 6])
@pytest.mark.parametrize('condition', CONDITIONS)
def test_folded_weights_give_the_same_outputs_in_the_plain_network(prompt_channels, condition):
    network = Network()
    use_prompt_norms(network, CONDITIONS, True, prompt_channels)
    shake(network)
    network.eval()
    prompt = Prompt(condition, None if prompt_channels is None else torch.randn(6))
    plain = Network().eval()
    plain.load_state_dict(folded_state_dict(network, prompt), strict=True)
    feats = torch.randn(20, 3)
    given = SparseVoxels(voxels(20).coords, 1, prompt=prompt)
    torch.testing.assert_close(plain(feats, None), network(feats, given), atol=1e-5, rtol=1e-5)


def test_weights_of_the_plain_network_load_for_every_condition():
    plain = Network()
    shake(plain)
    network = Network()
    use_prompt_norms(network, CONDITIONS, decoupled=True)
    network.load_state_dict(plain.state_dict(), strict=True)
    plain.eval(), network.eval()
    feats = torch.randn(20, 3)
    for condition in CONDITIONS:
        assert torch.equal(network(feats, voxels(20, condition)), plain(feats, None))


def test_without_a_prompt_the_norms_say_what_is_missing():
    network = Network()
    use_prompt_norms(network, CONDITIONS)
    with pytest.raises(ValueError, match='voxels must carry a prompt'):
        network(torch.randn(5, 3), voxels(5))


def test_a_norm_outside_its_network_answers_to_the_voxels_it_is_given():
    norms = use_prompt_norms(Network(), CONDITIONS)
    shake(norms[0])
    feats = torch.randn(5, 4)
    for condition in CONDITIONS:
        expected = norms[0].norm_of(condition)(feats)
        assert torch.equal(norms[0](feats, voxels(5, condition)), expected)
    assert not torch.equal(norms[0](feats, voxels(5, 'a')), norms[0](feats, voxels(5, 'b')))


def test_norms_that_are_not_called_with_voxels_are_refused_by_name():
    network = Network()
    network.layers.append(nn.LayerNorm(4))
    with pytest.raises(ValueError, match=r"called with voxels.* got Network with \['layers.4'\]"):
        use_prompt_norms(network, CONDITIONS)
    assert len(use_prompt_norms(network, CONDITIONS, exclude=r'layers\.4')) == 2


@pytest.mark.parametrize(
    ('conditions', 'kwargs', 'message'),
    [
        (('a', 'a'), {}, 'distinct'),
        ((), {}, 'at least one'),
        (('a.b',), {}, 'without dots'),
        (('keys',), {}, 'a module can have'),
        (CONDITIONS, dict(decoupled=False), 'decoupled must be True'),
        (CONDITIONS, dict(exclude='layers'), 'must have norms that are called with voxels'),
    ],
)
def test_wrong_conditions_are_refused(conditions, kwargs, message):
    with pytest.raises(ValueError, match=message):
        use_prompt_norms(Network(), conditions, **kwargs)


def test_excluded_norms_stay_plain():
    network = Network()
    assert len(use_prompt_norms(network, CONDITIONS, exclude=r'layers\.1')) == 1
    assert isinstance(network.layers[1], LayerNorm)
