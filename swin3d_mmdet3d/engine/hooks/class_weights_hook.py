"""Class weights out of the labels that are trained on."""

from __future__ import annotations

import torch
from mmdet3d.registry import HOOKS
from mmengine.dist import all_reduce, get_dist_info
from mmengine.hooks import Hook
from mmengine.runner import Runner

from ...datasets.label_counts import label_counts
from ...models.losses import ClassBalancedFocalLoss
from ..wrapped_models import unwrapped


@HOOKS.register_module()
class ClassWeightsHook(Hook):
    """Count the labels of the training set before training, and weigh the classes of the loss by them.

    Raises:
        ValueError: If the model has no :class:`ClassBalancedFocalLoss`.
    """

    def before_train(self, runner: Runner) -> None:
        """Count, each process a share of the scenes, and balance the losses."""
        model = unwrapped(runner.model)
        losses = [part for part in model.modules() if isinstance(part, ClassBalancedFocalLoss)]
        if not losses:
            raise ValueError(
                f'ClassWeightsHook needs a ClassBalancedFocalLoss, got none in {type(model).__name__}'
            )
        for loss in losses:
            counts = label_counts(runner.train_dataloader.dataset, loss.num_classes, *get_dist_info())
            total = torch.from_numpy(counts).to(loss.alpha.device)
            all_reduce(total)
            loss.balance(total)
            low, high = loss.alpha.min().item(), loss.alpha.max().item()
            runner.logger.info(
                f'{int(total.sum())} labelled points; weights of classes {low:.3g} .. {high:.3g}'
            )
