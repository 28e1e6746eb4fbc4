"""MvDeCor beside labels: what images show of one place keeps one feature while a segmentor is fine-tuned."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import torch
from mmdet3d.registry import MODELS
from mmengine.model import BaseModule
from torch import Tensor


@MODELS.register_module()
class ViewCorrespondence(BaseModule):
    """Contrast of the features of a :class:`PixelSegmentor` at pixels of two images that show one voxel.

    An objective of :class:`WithObjectives`.

    Args:
        matcher: Config of the choice of pairs of pixels, :class:`SharedVoxelPixels`.
        criterion: Config of the contrastive loss; its ``loss_weight`` is the share beside the labels.
        init_cfg: Initialisation config of mmengine.

    Source: arXiv 2208.08580; its released code takes a step of this loss, times 0.001, after each step of the
        labels' one, where this one adds both.
    """

    def __init__(self, matcher: dict, criterion: dict, init_cfg: dict | None = None) -> None:
        super().__init__(init_cfg)
        self.matcher = MODELS.build(matcher)
        self.criterion = MODELS.build(criterion)

    def forward(self, levels: Tensor, inputs: dict[str, Any], data_samples: list | None) -> dict[str, Tensor]:
        """The loss; 0 where fewer than two pairs match.

        Args:
            levels: ``(M, C)`` features of the view's matched pixels.
            inputs: Preprocessed inputs with ``inputs['view']``, a :class:`CloudView` with images.
            data_samples: Not read.
        """
        matches = inputs['view'].matches
        rows = torch.arange(len(matches), device=levels.device)
        first, second = self.matcher(replace(matches, fields={'row': rows}))
        loss = self.criterion(levels[first.fields['row']], levels[second.fields['row']])
        return dict(loss_correspondence=loss)
