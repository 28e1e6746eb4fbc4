"""Boxes that a head cannot learn stop a run before its first step."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch
from mmdet3d.registry import HOOKS
from mmengine.hooks import Hook
from mmengine.runner import Runner

from ...datasets.transforms.point_selection import scene_label
from ...datasets.wrapped_datasets import data_sets_within
from ...structures.box_validity import check_boxes
from ..wrapped_models import innermost_model


@HOOKS.register_module()
class LearnableBoxesHook(Hook):
    """Look through the boxes of all scenes that are trained or validated on, before training.

    The head's ``bbox_coder`` says which boxes it learns; one without yaw refuses boxes with yaw, which would
    otherwise end the training at the first such scene. Boxes that are not finite or of no size, and labels
    that are no class of the head, are refused likewise. A head without a coder is not checked.
    """

    priority = 'VERY_HIGH'

    def before_train(self, runner: Runner) -> None:
        """Read the annotations; raise ValueError naming scene, box and cure if the head cannot learn one."""
        head = getattr(innermost_model(runner.model), 'bbox_head', None)
        coder = getattr(head, 'bbox_coder', None)
        if coder is None:
            return
        loaders = [loop.dataloader for loop in (runner.train_loop, runner.val_loop) if loop is not None]
        for loader in loaders:
            for scene in scenes_of(loader.dataset):
                truth = scene.get('ann_info') or scene.get('eval_ann_info') or {}
                if 'gt_bboxes_3d' not in truth:
                    continue
                try:
                    boxes = coder.learnable(truth['gt_bboxes_3d'])
                    check_boxes(boxes.tensor, torch.as_tensor(truth['gt_labels_3d']), head.num_classes)
                except ValueError as error:
                    raise ValueError(f'{scene_label(scene)}: {error}') from None


def scenes_of(dataset: Any) -> Iterator[dict[str, Any]]:
    """What a data set knows of each scene, once, whatever wrappers repeat, join or balance it."""
    for inner in data_sets_within(dataset):
        for index in range(len(inner)):
            yield inner.get_data_info(index)
