"""Modules that are kept once per condition against the plain module of each condition."""

import copy

import pytest
import torch
from torch import nn

from swin3d_mmdet3d.models.backbones.swin3d import ResidualStem
from swin3d_mmdet3d.models.layers import BatchNorm, WindowStage
from swin3d_mmdet3d.models.layers.decoupled_module import DecoupledModule, decouple_modules, shared_modules
from swin3d_mmdet3d.models.layers.prompt_norm import PromptNorm, use_prompt_norms
from swin3d_mmdet3d.structures import Prompt, SparseVoxels

CONDITIONS = ('a', 'b')


class Network(nn.Module):
    """A stem called with a level, a norm called with voxels, and a stage whose width is read."""

    def __init__(self):
        super().__init__()
        self.stem, self.norm = ResidualStem(3, 4), BatchNorm(4)
        self.stages = nn.ModuleList([WindowStage(4, 1, 3, 4, ('xyz',), [0.0])])

    def forward(self, feats, voxels):
        feats = self.norm(self.stem((feats, voxels)), voxels=voxels)
        assert self.stages[0].window_size == 3
        return self.stages[0](feats, voxels)


def voxels(condition=None):
    coords = torch.zeros(20, 4, dtype=torch.int64)
    coords[:, 1] = torch.arange(20)
    prompt = None if condition is None else Prompt(condition)
    return SparseVoxels(coords, 1, signals=dict(xyz=coords[:, 1:] + 0.5), prompt=prompt)


def shake(module):
    """Weights and statistics unlike the initial ones."""
    for value in module.state_dict().values():
        if value.is_floating_point():
            value.add_(torch.rand_like(value) * 0.5)


@pytest.mark.parametrize('training', [True, False])
def test_each_condition_runs_and_moves_its_own_copy_alone(training):
    plain = Network().train(training)
    network = copy.deepcopy(plain)
    decoupled = decouple_modules(network, ['stem', 'norm'], CONDITIONS)
    feats = torch.randn(20, 3)
    for condition in CONDITIONS:
        assert torch.equal(
            copy.deepcopy(network)(feats, voxels(condition)), copy.deepcopy(plain)(feats, voxels())
        )
    for module in decoupled:
        shake(module)
    for condition in CONDITIONS:
        alone, others = copy.deepcopy(network), copy.deepcopy(network)
        for name in ('stem', 'norm'):
            setattr(alone, name, getattr(network, name).fold(Prompt(condition)))
        out = others(feats, voxels(condition))
        assert torch.equal(out, alone(feats, voxels()))
        out.square().sum().backward()
        (other,) = set(CONDITIONS) - {condition}
        for name in ('stem', 'norm'):
            resting, before = (getattr(net, name).copies[other] for net in (others, network))
            assert all(weight.grad is None for weight in resting.parameters())
            states = resting.state_dict(), before.state_dict()
            assert all(torch.equal(states[0][key], states[1][key]) for key in states[1])
            assert all(
                weight.grad is not None for weight in getattr(others, name).copies[condition].parameters()
            )


def test_weights_of_the_plain_network_load_for_every_condition():
    plain = Network().eval()
    shake(plain)
    network = Network().eval()
    decouple_modules(network, ['stem', 'norm'], CONDITIONS)
    network.load_state_dict(plain.state_dict(), strict=True)
    feats = torch.randn(20, 3)
    for condition in CONDITIONS:
        assert torch.equal(network(feats, voxels(condition)), plain(feats, voxels()))


def test_norms_inside_copies_stay_plain_and_those_beside_them_are_prompted():
    network = Network()
    decouple_modules(network, ['stem'], CONDITIONS)
    norms = use_prompt_norms(network, CONDITIONS)
    assert len(norms) == 3 and isinstance(network.norm, PromptNorm)
    assert not any(isinstance(module, PromptNorm) for module in network.stem.modules())
    names = {name for name, _ in shared_modules(network)}
    assert 'stem' in names and not any(name.startswith('stem.') for name in names)
    assert 'stages.0.blocks.0' in names


@pytest.mark.parametrize(
    ('names', 'message'),
    [
        (['steam'], r"modules of Network, for example \('stem', 'norm', 'stages'\), got \['steam'\]"),
        ([''], r"got \[''\]"),
        (['stages'], r"called by the network, got \['stages'\], which only hold others"),
        (['stem', 'stem.1'], 'none inside another'),
        (['stem.1', 'stem'], 'none inside another'),
        (['stem', 'stem'], 'distinct'),
    ],
)  # fmt: skip
def test_names_that_are_no_modules_to_call_are_refused(names, message):
    with pytest.raises(ValueError, match=message):
        decouple_modules(Network(), names, CONDITIONS)


def test_calls_without_a_condition_and_reads_of_attributes_are_told():
    network = Network()
    decouple_modules(network, ['stem'], CONDITIONS)
    with pytest.raises(ValueError, match='voxels must carry a prompt'):
        network(torch.randn(20, 3), voxels())
    with pytest.raises(ValueError, match=r"called with SparseVoxels, got \['Tensor'\]"):
        DecoupledModule(nn.Linear(3, 4), CONDITIONS)(torch.randn(20, 3))
    network = Network()
    decouple_modules(network, ['stages.0'], CONDITIONS)
    with pytest.raises(
        AttributeError, match="WindowStage cannot be kept once per condition: .* 'window_size'"
    ):
        network(torch.randn(20, 3), voxels('a'))
