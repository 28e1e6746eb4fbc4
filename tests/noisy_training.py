"""A training of milliseconds whose samples, batches, steps and validation draw random numbers."""

from __future__ import annotations

import random
import uuid
from pathlib import Path

import numpy as np
import torch
from mmdet3d.registry import DATASETS, METRICS, MODELS
from mmengine.dataset import BaseDataset
from mmengine.evaluator import BaseMetric
from mmengine.model import BaseModel
from mmengine.registry import FUNCTIONS
from mmengine.runner import Runner
from torch import nn

import swin3d_mmdet3d  # noqa: F401


def draw():
    """A number of each generator that transforms and models draw from."""
    return [random.random(), float(np.random.rand()), float(torch.rand(()))]


@DATASETS.register_module(force=True)
class NoisyScans(BaseDataset):
    """Samples that are their row and what they drew."""

    METAINFO = dict(classes=('chair', 'table'))

    def __init__(self, length=7, first=0):
        self.length, self.first = length, first
        super().__init__(serialize_data=False)

    def load_data_list(self):
        return [dict(row=self.first + row) for row in range(self.length)]

    def prepare_data(self, idx):
        return [self.get_data_info(idx)['row'], *draw()]

    def get_cat_ids(self, idx):
        return {idx % 2}


@FUNCTIONS.register_module(force=True)
def noisy_collate(samples):
    """Batches that draw, too, as mixing of a batch does."""
    return [tuple(sample) for sample in samples], draw()


@MODELS.register_module(force=True)
class NoisyModel(BaseModel):
    """A regression with dropout and noise; it notes what it was given."""

    def __init__(self):
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(4, 8), nn.BatchNorm1d(8), nn.Dropout(), nn.Linear(8, 1))
        self.seen = []

    def forward(self, samples, mixed, mode):
        self.seen.append((samples, mixed))
        if mode == 'predict':
            return [(sample, draw()) for sample in samples]
        out = self.layers(torch.tensor(samples) / 5) + sum(draw())
        return dict(loss=(out - sum(mixed)).square().mean())

    def train_step(self, data, optim_wrapper):
        with optim_wrapper.optim_context(self):
            loss, logged = self.parse_losses(self(*data, mode='loss'))
        optim_wrapper.update_params(loss)
        return logged

    def val_step(self, data):
        return self(*data, mode='predict')


@METRICS.register_module(force=True)
class SumOfDraws(BaseMetric):
    """A score of all numbers that validation draws."""

    def process(self, data_batch, data_samples):
        self.results.extend(sum(sample) + sum(drawn) for sample, drawn in data_samples)

    def compute_metrics(self, results):
        return dict(draws=sum(results))


def noisy_runner(folder, length, workers=0, by_epoch=False, epoch_checkpoints=None, **settings):
    """A runner of `length` iterations or epochs, with a checkpoint after each."""
    loader = dict(
        num_workers=workers,
        persistent_workers=workers > 0,
        collate_fn=dict(type='noisy_collate'),
    )
    train = dict(
        loader,
        batch_size=3,
        dataset=dict(type='NoisyScans', length=11),  # a short batch at the end of each epoch
        sampler=dict(type='DefaultSampler' if by_epoch else 'InfiniteSampler', shuffle=True),
    )
    if by_epoch:
        loop = dict(type='EpochBasedTrainLoop', max_epochs=length, val_interval=1)
    else:
        loop = dict(type='IterBasedTrainLoop', max_iters=length, val_interval=4)
    by_epoch = by_epoch if epoch_checkpoints is None else epoch_checkpoints
    checkpoint = dict(
        type='AtomicCheckpointHook', by_epoch=by_epoch, interval=1, save_best='draws', rule='greater'
    )
    hooks = dict(checkpoint=checkpoint, position_seed=dict(type='PositionSeedHook'))
    hooks['resumed_validation'] = dict(type='ResumedValidationHook')
    return Runner(
        model=dict(type='NoisyModel'),
        work_dir=str(folder),
        train_dataloader=train | settings.pop('train_dataloader', {}),
        train_cfg=loop,
        val_dataloader=dict(
            loader,
            batch_size=1,
            dataset=dict(type='NoisyScans'),
            sampler=dict(type='DefaultSampler', shuffle=False),
        ),
        val_cfg=dict(),
        val_evaluator=dict(type='SumOfDraws'),
        optim_wrapper=dict(optimizer=dict(type='AdamW', lr=0.01)),
        param_scheduler=[dict(type='LinearLR', start_factor=0.1, by_epoch=False, begin=0, end=20)],
        default_hooks=hooks | settings.pop('default_hooks', {}),
        default_scope='mmdet3d',
        log_level='WARNING',
        experiment_name=uuid.uuid4().hex,
        randomness=settings.pop('randomness', dict(seed=0)),
        **settings,
    )


def stop_workers(runner):
    """End the workers of a runner, which would wait five seconds each for the garbage collector."""
    for loop in (runner.train_loop, runner.val_loop):
        if getattr(loop.dataloader, '_iterator', None) is not None:
            loop.dataloader._iterator._shutdown_workers()


def scramble():
    """Leave the global generators in another state than any training does."""
    torch.manual_seed(uuid.uuid4().int % 2**32)
    np.random.seed(uuid.uuid4().int % 2**32)
    random.seed(uuid.uuid4().int)


def final_state(folder):
    """The newest checkpoint, without what tells the time."""
    path = max(Path(folder).glob('[ei]*_*.pth'), key=lambda path: int(path.stem.split('_')[1]))
    content = torch.load(path, weights_only=False)
    scalars = content['message_hub']['log_scalars']
    return path.name, {
        'weights': dict(content['state_dict']),
        'optimizer': content['optimizer'],
        'schedulers': content['param_schedulers'],
        'stream': content['sample_stream'],
        'scalars': {key: log.data for key, log in scalars.items() if not key.endswith(('time', 'memory'))},
        'step': (content['meta']['epoch'], content['meta']['iter']),
    }


def differences(one, other, path=''):
    """Paths of what is not the same to the bit in two nests of containers and arrays."""
    if isinstance(one, dict) and isinstance(other, dict):
        if list(one) != list(other):
            return [f'{path}: {sorted(map(str, set(one) ^ set(other)))}']
        return [found for key in one for found in differences(one[key], other[key], f'{path}/{key}')]
    if isinstance(one, (list, tuple)) and isinstance(other, (list, tuple)):
        if len(one) != len(other):
            return [f'{path}: {len(one)} and {len(other)}']
        pairs = enumerate(zip(one, other))
        return [found for key, (a, b) in pairs for found in differences(a, b, f'{path}/{key}')]
    if isinstance(one, torch.Tensor):
        same = isinstance(other, torch.Tensor) and one.dtype == other.dtype and torch.equal(one, other)
    else:
        same = type(one) is type(other) and np.array_equal(one, other)
    return [] if same else [path]
