"""Parameter groups of equal settings are one, and their fused steps are those of the formula."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from mmengine.config import Config
from mmengine.optim import build_optim_wrapper
from mmengine.registry import init_default_scope
from torch import nn

import swin3d_mmdet3d.engine.optim_constructor as optim_constructor

ROOT = Path(__file__).parents[2]
CONFIGS = sorted((ROOT / 'configs').glob('*/**/*.py'))
BETAS, EPS, RATE, DECAY = (0.9, 0.999), 1e-8, 0.01, 0.05


def network(dtype=torch.float64):
    torch.manual_seed(0)
    blocks = nn.ModuleDict(dict(blocks=nn.Sequential(nn.Linear(5, 7), nn.LayerNorm(7)), head=nn.Linear(7, 3)))
    return blocks.to(dtype)


def wrapper_of(model, **optimizer):
    config = dict(
        constructor='TrainableParamsOptimWrapperConstructor',
        optimizer=dict(dict(type='AdamW', lr=RATE, weight_decay=DECAY, betas=BETAS, eps=EPS), **optimizer),
        paramwise_cfg=dict(custom_keys={'blocks.0': dict(lr_mult=0.25)}, norm_decay_mult=0.0),
    )
    init_default_scope('mmdet3d')
    return build_optim_wrapper(model, config)


def test_steps_are_those_of_the_formula_for_every_weight_at_its_own_rate():
    """Against decoupled weight decay (arXiv 1711.05101, algorithm 2), written out for each weight."""
    model, generator = network(), torch.Generator().manual_seed(1)
    rates = {name: RATE * (0.25 if 'blocks.0' in name else 1) for name, _ in model.named_parameters()}
    decays = {name: 0.0 if name.startswith('blocks.1') else DECAY for name in rates}
    expected = {name: weight.detach().clone() for name, weight in model.named_parameters()}
    means, squares = ({name: torch.zeros_like(w) for name, w in expected.items()} for _ in range(2))
    optimizer = wrapper_of(model).optimizer
    assert len(optimizer.param_groups) == 3
    for step in range(1, 6):
        for name, weight in model.named_parameters():
            weight.grad = torch.randn(weight.shape, generator=generator, dtype=weight.dtype)
            means[name] = BETAS[0] * means[name] + (1 - BETAS[0]) * weight.grad
            squares[name] = BETAS[1] * squares[name] + (1 - BETAS[1]) * weight.grad**2
            mean, square = means[name] / (1 - BETAS[0] ** step), squares[name] / (1 - BETAS[1] ** step)
            expected[name] *= 1 - rates[name] * decays[name]
            expected[name] -= rates[name] * mean / (square.sqrt() + EPS)
        optimizer.step()
    for name, weight in model.named_parameters():
        torch.testing.assert_close(weight.detach(), expected[name], rtol=1e-10, atol=1e-13)


def test_groups_keep_the_order_in_which_settings_are_met():
    model = network()
    groups = wrapper_of(model).optimizer.param_groups
    names = {id(weight): name for name, weight in model.named_parameters()}
    assert [[names[id(weight)] for weight in group['params']] for group in groups] == [
        ['blocks.0.weight', 'blocks.0.bias'],
        ['blocks.1.weight', 'blocks.1.bias'],
        ['head.weight', 'head.bias'],
    ]


def test_a_frozen_part_is_left_out_and_a_frozen_weight_does_not_move():
    model = network()
    model['head'].requires_grad_(False)
    model['blocks'][0].bias.requires_grad_(False)
    before = model['blocks'][0].bias.clone()
    optimizer = wrapper_of(model).optimizer
    held = {id(weight) for group in optimizer.param_groups for weight in group['params']}
    assert not held & {id(weight) for weight in model['head'].parameters()}
    model['blocks'](torch.ones(2, 5, dtype=torch.float64)).sum().backward()
    optimizer.step()
    assert torch.equal(before, model['blocks'][0].bias)


def test_a_weight_may_meet_its_first_gradient_after_others_of_its_group():
    """As norms of a data set do; momentum of SGD (no dampening) written out."""
    model = network()
    config = dict(type='OptimWrapper', optimizer=dict(type='SGD', lr=0.1, momentum=0.9))
    optimizer = build_optim_wrapper(
        model, dict(config, constructor='TrainableParamsOptimWrapperConstructor')
    ).optimizer
    early, late = model['head'].weight, model['head'].bias
    before = early.detach().clone(), late.detach().clone()
    early.grad = torch.ones_like(early)
    optimizer.step()
    late.grad = torch.ones_like(late)
    optimizer.step()
    assert len(optimizer.param_groups) == 1
    torch.testing.assert_close(early.detach(), before[0] - 0.1 * (1 + 1.9))
    torch.testing.assert_close(late.detach(), before[1] - 0.1)


@pytest.mark.parametrize('named', [dict(fused=False), dict(foreach=True), dict(differentiable=True)])
def test_what_a_config_says_of_the_steps_stands(named):
    optimizer = wrapper_of(network(), **named).optimizer
    assert not optimizer.defaults['fused']
    assert all(optimizer.defaults[name] == value for name, value in named.items())


def test_steps_are_fused_from_the_torch_that_can_on_a_cpu(monkeypatch):
    assert wrapper_of(network()).optimizer.defaults['fused']
    monkeypatch.setattr(optim_constructor.torch, '__version__', '2.3.1')
    assert not wrapper_of(network()).optimizer.defaults['fused']


def test_every_recipe_of_the_package_joins_its_groups():
    chosen = {
        path.name: Config.fromfile(path).get('optim_wrapper')
        for path in CONFIGS
        if '_base_' not in path.parts
    }
    assert len(chosen) > 100
    others = [
        name
        for name, wrapper in chosen.items()
        if wrapper and wrapper.get('constructor') != 'TrainableParamsOptimWrapperConstructor'
    ]
    assert not others
