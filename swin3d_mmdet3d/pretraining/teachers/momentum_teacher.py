"""The moving average of a student as a teacher: w <- m w + (1 - m) w_student."""

from __future__ import annotations

import copy

import torch
from torch import nn

from ...models.encoding import encode_levels
from ...structures import CloudView, Levels


class MomentumTeacher(nn.Module):
    """Copies of a student's networks that follow it slowly, in eval mode and without gradients.

    The copies are in the checkpoint, since a resumed training needs them. Weights follow as averages, running
    statistics of norms as copies. What holds the teacher holds the student's networks under the same names:
    it calls :meth:`start` once they have their initial weights, as :class:`BasePretrainer` does;
    ``MomentumTeacherHook`` calls :meth:`follow` after each iteration.

    Args:
        networks: The student's networks by name, such as ``dict(backbone=..., neck=...)``; without those that
            are None.
        momentum: Share m of the old weights, in [0, 1].

    Source: arXiv 1911.05722 (MoCo), equation 2.
    """

    def __init__(self, networks: dict[str, nn.Module | None], momentum: float = 0.999) -> None:
        super().__init__()
        if not 0 <= momentum <= 1:
            raise ValueError(f'momentum must lie in [0, 1], got {momentum}')
        self.momentum = momentum
        self.networks = nn.ModuleDict(
            {name: copy.deepcopy(net) for name, net in networks.items() if net is not None}
        )
        self.requires_grad_(False)
        self.train(False)

    def train(self, mode: bool = True) -> MomentumTeacher:
        """Stay in eval mode."""
        return super().train(False)

    def start(self, owner: nn.Module) -> None:
        """Take the present weights of the student's networks, attributes of ``owner``."""
        for name, own in self.networks.items():
            own.load_state_dict(getattr(owner, name).state_dict())

    @torch.no_grad()
    def follow(self, owner: nn.Module) -> None:
        """Move towards the present weights of the student's networks, attributes of ``owner``."""
        for name, own in self.networks.items():
            student = getattr(owner, name)
            for key, mine in own.named_parameters():
                mine.lerp_(student.get_parameter(key).to(mine.dtype), 1 - self.momentum)
            for key, mine in own.named_buffers():
                mine.copy_(student.get_buffer(key))

    @torch.no_grad()
    def encode(self, view: CloudView) -> Levels:
        """All levels of the ``backbone`` and, where it was copied, the ``neck`` for a view."""
        neck = self.networks['neck'] if 'neck' in self.networks else None
        return encode_levels(self.networks['backbone'], neck, view.feats, view.voxels)
