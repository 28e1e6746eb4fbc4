"""Auxiliary objectives beside the loss of a segmentor or detector, of which nothing is left at test."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mmdet3d.registry import MODELS
from mmengine.model import BaseModel, ModuleList
from torch import Tensor

NEEDED = ('encode', 'loss_by_levels')


@MODELS.register_module()
class WithObjectives(BaseModel):
    """Trains a segmentor or detector with further losses on its levels.

    An objective is a registered module ``(levels, inputs, data_samples) -> {loss name: loss}``: ``levels``
    (:class:`Levels`) are those that the model's own loss reads, ``inputs`` are the preprocessed ones, whose
    ``inputs['view']`` (:class:`CloudView`) has the images, matches and other fields of ``PackFieldInputs``.
    Its weights are trained with the model's; frozen teachers in it freeze themselves. A batch with nothing to
    compare should give a loss of 0.

    Predictions are the model's own, and ``model.pth``, which ``ExportHook`` writes, loads strictly into the
    plain model.

    Args:
        model: Config of a :class:`VoxelSegmentor`, :class:`VoxelDetector` or another model with their
            ``encode(inputs) -> levels`` and ``loss_by_levels(levels, inputs, data_samples) -> losses``.
        objectives: Configs of the objectives.
        data_preprocessor: Config of the preprocessor; that of ``model`` by default.
        init_cfg: Initialisation config of mmengine.

    Raises:
        ValueError: If there is no objective, or two losses have one name.
        TypeError: If ``model`` lacks one of these functions.
    """

    def __init__(
        self,
        model: dict,
        objectives: Sequence[dict],
        data_preprocessor: dict | None = None,
        init_cfg: dict | None = None,
    ) -> None:
        if not objectives:
            raise ValueError('objectives must hold at least one config, got none')
        model = MODELS.build(model)
        missing = [name for name in NEEDED if not hasattr(model, name)]
        if missing:
            raise TypeError(f'model must have {" and ".join(NEEDED)}, got {type(model).__name__}')
        super().__init__(data_preprocessor or model.data_preprocessor, init_cfg)
        self.model = model
        self.objectives = ModuleList([MODELS.build(objective) for objective in objectives])

    def forward(self, inputs: dict, data_samples: list | None = None, mode: str = 'tensor') -> Any:
        """Run the model; losses (mode 'loss') are joined by those of the objectives."""
        if mode == 'loss':
            return self.loss(inputs, data_samples)
        return self.model(inputs, data_samples, mode=mode)

    def loss(self, inputs: dict, data_samples: list) -> dict[str, Tensor]:
        """The model's losses and those of the objectives, which read the same levels."""
        levels = self.model.encode(inputs)
        losses = dict(self.model.loss_by_levels(levels, inputs, data_samples))
        for objective in self.objectives:
            further = objective(levels, inputs, data_samples)
            taken = sorted(losses.keys() & further.keys())
            if taken:
                name = type(objective).__name__
                raise ValueError(f'losses must have distinct names, got {taken} of {name} twice')
            losses.update(further)
        return losses

    def export(self) -> dict[str, dict[str, Tensor]]:
        """``model.pth``: all weights of the plain model, under its own names."""
        return {'model.pth': self.model.state_dict()}
