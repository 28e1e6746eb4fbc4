"""What two processes on the CPU exchange, against the same computed at once over the rows of both."""

import os
from types import SimpleNamespace

import pytest
import torch
from mmengine.config import Config
from mmengine.dist import get_backend
from mmengine.model import MMDistributedDataParallel
from mmengine.runner import Runner
from torch import nn
from torch.nn.functional import cross_entropy
from two_processes import run_processes

from swin3d_mmdet3d.engine.cpu_processes import start_cpu_processes
from swin3d_mmdet3d.engine.hooks import ProcessMeanHook
from swin3d_mmdet3d.models.losses.global_mean import global_count, global_mean, global_mean_of_sum
from swin3d_mmdet3d.pretraining.losses import InfoNCE, SelfDistillation
from swin3d_mmdet3d.pretraining.standardized_rows import standardized_rows

SPLITS = dict(unequal=(2, 5), one_without=(6, 0), none=(0, 0))
"""Rows of each of two processes."""
CHANNELS = 4


def mean_loss(query, key, labels):
    count = len(labels)
    return global_mean(cross_entropy(query, labels) if count else query.sum(), count)


def loss_per_labelled_row(query, key, labels):
    return global_mean_of_sum(query.square().sum(), (labels > 0).sum())


def contrast(query, key, labels):
    return InfoNCE(symmetric=True)(query, key)


def distillation(query, key, labels):
    loss, _ = SelfDistillation(teacher_temperature=0.5)(query, key, labels)
    return loss


def standardized(query, key, labels):
    return global_mean_of_sum((standardized_rows(query) ** 3 * key).sum(), len(query))


LOSSES = mean_loss, loss_per_labelled_row, contrast, distillation, standardized


def step(loss, split, rank=None):
    """A loss and the gradients of its two weights, from the rows of a process or of all."""
    generator = torch.Generator().manual_seed(1)
    weights = torch.randn(2, CHANNELS, CHANNELS, generator=generator).requires_grad_()
    rows = torch.randn(2, sum(split), CHANNELS, generator=generator)
    labels = torch.randint(CHANNELS, (sum(split),), generator=generator)
    if distillation is loss:  # samples lie in one process
        labels = (torch.arange(sum(split)) >= split[0]).long() * 2 + (torch.arange(sum(split)) % 2)
    if rank is not None:
        rows, labels = rows.split(split, dim=1)[rank], labels.split(split)[rank]
    value = loss(*(rows @ weights), labels)
    (gradient,) = torch.autograd.grad(value, weights)
    return value.detach(), gradient


def exchange(folder):
    """Start, compute all losses of the own rows, and average values and statistics of a norm."""
    rank = int(os.environ['RANK'])
    cfg = Config(dict(launcher='pytorch', env_cfg=dict(dist_cfg=dict(backend='nccl', timeout=30))))
    start_cpu_processes(cfg)
    model = nn.BatchNorm1d(2)
    trainer = SimpleNamespace(distributed=True, cfg=cfg)
    wrapped = Runner.wrap_model(trainer, cfg.model_wrapper_cfg, model)
    state = dict(backend=get_backend(), wrapped=isinstance(wrapped, MMDistributedDataParallel))
    state['count'] = global_count(3 + rank, torch.zeros(1))
    state['steps'] = {
        (name, loss.__name__): step(loss, split, rank) for name, split in SPLITS.items() for loss in LOSSES
    }
    hook, values = ProcessMeanHook(), {}
    for scale in (1.0, 10.0):
        values = dict(loss=torch.tensor((1 + 2 * rank) * scale), **{f'own{rank}': torch.tensor(scale)})
        model.running_mean.fill_(rank)
        model.num_batches_tracked.fill_(4 + rank)
        hook.after_train_iter(SimpleNamespace(model=wrapped), 0, outputs=values)
    torch.save(dict(state, values=values, norm=model.state_dict()), f'{folder}/{rank}.pth')


@pytest.fixture(scope='module')
def states(tmp_path_factory):
    folder = tmp_path_factory.mktemp('processes')
    run_processes(2, exchange, folder)
    return [torch.load(folder / f'{rank}.pth', weights_only=True) for rank in range(2)]


def test_without_a_gpu_processes_communicate_by_gloo_and_the_model_is_wrapped_without_a_device(states):
    for state in states:
        assert state['backend'] == 'gloo' and state['wrapped']


@pytest.mark.parametrize('split', SPLITS)
@pytest.mark.parametrize('loss', LOSSES, ids=lambda loss: loss.__name__)
def test_the_mean_of_the_processes_losses_and_gradients_is_that_of_all_rows_at_once(loss, split, states):
    expected = step(loss, SPLITS[split])
    parts = [state['steps'][split, loss.__name__] for state in states]
    for own, other, whole in zip(*parts, expected):
        torch.testing.assert_close((own + other) / 2, whole, rtol=1e-5, atol=1e-6)
    if split == 'unequal':
        assert expected[1].abs().max() > 0.01


def test_rows_of_all_processes_are_counted(states):
    assert [state['count'] for state in states] == [7, 7]


def test_logged_values_are_the_means_of_those_that_have_them_and_norms_have_the_same_statistics(states):
    for rank, state in enumerate(states):
        assert {name: value.item() for name, value in state['values'].items()} == {
            'loss': 20,
            f'own{rank}': 10,
        }
        assert state['norm']['running_mean'].tolist() == [0.5, 0.5]
        assert state['norm']['num_batches_tracked'] == 5
