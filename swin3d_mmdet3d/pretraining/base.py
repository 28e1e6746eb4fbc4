"""The frame of a pretraining method: a student over the views of a batch; a method writes its loss.

Parts of a method, each a registered class that a config names:
    views     datasets/transforms: MakeViews, LoadRGBDFrames, ...; :class:`CloudView` with fields by kind
    student   backbone and neck, under the names that segmentors and detectors use
    teachers  frozen image networks, moving averages of the student; they freeze and save themselves
    maskers   which voxels the network is not shown
    matchers  which rows of one view belong to which rows of another, or to which pixels
    heads     from features to the space of the loss
    losses    how matched rows, or predictions and targets, are compared
    targets   what a method makes of its own predictions: labels of clusters
"""

from __future__ import annotations

from abc import ABCMeta, abstractmethod
from typing import Any

from mmdet3d.registry import MODELS
from mmengine.model import BaseModel
from torch import Tensor

from ..models.encoding import encode_levels
from ..models.student_weights import weights_of
from ..structures import CloudView, Levels
from .teachers import MomentumTeacher


class BasePretrainer(BaseModel, metaclass=ABCMeta):
    """Trains a backbone, with or without a decoder, on views of clouds.

    Args:
        backbone: Config of a backbone ``(feats, voxels) -> tuple of (feats, voxels)``, fine to coarse; None
            for a training of an image network alone.
        neck: Config of a decoder with ``pyramid(levels) -> levels``, such as :class:`Swin3DDecoder`.
        data_preprocessor: Config of a :class:`ViewPreprocessor`.
        init_cfg: Initialisation config of mmengine.
    """

    def __init__(
        self,
        backbone: dict | None = None,
        neck: dict | None = None,
        data_preprocessor: dict | None = None,
        init_cfg: dict | None = None,
    ) -> None:
        super().__init__(data_preprocessor=data_preprocessor, init_cfg=init_cfg)
        self.backbone = None if backbone is None else MODELS.build(backbone)
        self.neck = None if neck is None else MODELS.build(neck)

    def encode(self, view: CloudView) -> Levels:
        """All levels of the student for a view, by name; ``finest`` among them."""
        return encode_levels(self.backbone, self.neck, view.feats, view.voxels)

    def init_weights(self) -> None:
        """Initialise all parts; moving-average teachers then start as their student."""
        super().init_weights()
        for teacher in self.children():
            if isinstance(teacher, MomentumTeacher):
                teacher.start(self)

    def export(self) -> dict[str, dict[str, Tensor]]:
        """What is kept of the training: ``{file name: state dict}``, which ``ExportHook`` writes at its end.

        ``student.pth`` holds the weights of the backbone and the decoder under the names that segmentors and
        detectors have for them; without a backbone there is none.
        """
        return {} if self.backbone is None else {'student.pth': weights_of(self.state_dict())}

    @abstractmethod
    def loss(self, views: list[CloudView], data_samples: list | None) -> dict[str, Tensor]:
        """Losses of a batch (names with 'loss' in them are summed) and values to log."""

    def zero_loss(self) -> Tensor:
        """A loss of 0 that reaches every trained weight, for a batch with nothing to compare."""
        return sum(weight.sum() * 0 for weight in self.parameters() if weight.requires_grad)

    def forward(self, inputs: dict, data_samples: list | None = None, mode: str = 'tensor') -> Any:
        """Losses (mode 'loss') or the levels of the first view (mode 'tensor').

        Raises:
            ValueError: For another mode: a pretrained student predicts in a segmentor or detector.
        """
        if mode == 'loss':
            return self.loss(inputs['views'], data_samples)
        if mode == 'tensor':
            return self.encode(inputs['views'][0])
        raise ValueError(f"mode must be 'loss' or 'tensor', got {mode!r}")


def skipped_frames(data_samples: list | None) -> int:
    """Frames that the loading of these samples skipped."""
    keys = ('skipped_frames', 'skipped_samples')
    return sum(sample.metainfo.get(key, 0) for sample in data_samples or [] for key in keys)
