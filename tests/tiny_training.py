"""A training of milliseconds by the stock Runner, with a fault of choice in its network."""

from __future__ import annotations

import uuid

import torch
from mmdet3d.registry import MODELS
from mmdet3d.structures import Det3DDataSample
from mmengine.model import BaseModel
from mmengine.runner import Runner
from torch import nn

import swin3d_mmdet3d  # noqa: F401


class Fault(nn.Module):
    """Passes values on, but for the faults: what it gives, or the gradient through it, becomes `value`."""

    def __init__(self):
        super().__init__()
        self.forward_value = self.backward_value = None

    def forward(self, x):
        if self.forward_value is not None:
            return x + self.forward_value
        if self.backward_value is not None and x.requires_grad:
            x = x.clone()
            x.register_hook(lambda grad: grad + self.backward_value)
        return x


@MODELS.register_module(force=True)
class TinyModel(BaseModel):
    """Two linear layers and a norm; a fault in the scan `bad`."""

    def __init__(self, bad=None, forward_value=None, backward_value=None, loss_value=None, ballast=1):
        super().__init__()
        self.encoder = nn.Linear(3, 4)
        self.norm = nn.BatchNorm1d(4)
        self.fault = Fault()
        self.second_norm = nn.BatchNorm1d(4)
        self.head = nn.Linear(4, 1)
        self.register_buffer('ballast', torch.zeros(ballast))
        self.bad, self.loss_value = bad, loss_value
        self.values = forward_value, backward_value

    def forward(self, inputs, data_samples, mode):
        is_bad = self.bad in [sample.metainfo['lidar_path'] for sample in data_samples]
        self.fault.forward_value, self.fault.backward_value = self.values if is_bad else (None, None)
        out = self.head(self.second_norm(self.fault(self.norm(self.encoder(torch.stack(inputs))))))
        if mode == 'predict':
            return data_samples
        loss = out.square().mean()
        return dict(loss_fit=loss + self.loss_value if is_bad and self.loss_value else loss)


class Scans(torch.utils.data.Dataset):
    """Scans of one point, named scan0.bin to scan7.bin."""

    def __len__(self):
        return 8

    def __getitem__(self, index):
        generator = torch.Generator().manual_seed(index)
        sample = Det3DDataSample(metainfo=dict(lidar_path=f'scan{index}.bin'))
        return dict(inputs=torch.randn(3, generator=generator), data_samples=sample)


def tiny_runner(folder, iters, hooks=None, model=None, **settings):
    """A runner over batches of the scans 0 and 1, 2 and 3, and so on, a checkpoint each iteration."""
    checkpoint = dict(type='AtomicCheckpointHook', by_epoch=False, interval=1, max_keep_ckpts=2)
    wrapper = dict(optimizer=dict(type='SGD', lr=0.01, momentum=0.9))
    return Runner(
        model=dict(type='TinyModel', **(model or {})),
        work_dir=str(folder),
        train_dataloader=dict(
            dataset=Scans(), batch_size=2, sampler=dict(type='InfiniteSampler', shuffle=False)
        ),
        train_cfg=dict(type='IterBasedTrainLoop', max_iters=iters),
        optim_wrapper=wrapper | settings.pop('optim_wrapper', {}),
        default_hooks=dict(checkpoint=checkpoint) | (hooks or {}),
        default_scope='mmdet3d',
        log_level='WARNING',
        experiment_name=uuid.uuid4().hex,
        randomness=dict(seed=0),
        **settings,
    )


def weights_of(runner):
    return {name: tensor.clone() for name, tensor in runner.model.state_dict().items()}
