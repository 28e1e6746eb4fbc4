"""Students: what a pretraining leaves, and putting one under a recipe."""

from __future__ import annotations

import copy
from pathlib import Path

import torch
from mmdet3d.registry import MODELS
from mmengine.config import Config, ConfigDict

from ..checkpoints import read_checkpoint
from ..models.backbones import RawInputs


def find_student(work_dir: Path) -> Path:
    """The file that a pretraining left: ``student.pth``, or ``model.pth`` of auxiliary objectives.

    Raises:
        ValueError: If it left neither.
    """
    for name in ('student.pth', 'model.pth'):
        if (work_dir / name).is_file():
            return work_dir / name
    raise ValueError(f'{work_dir} must hold student.pth or model.pth, got neither')


def parts_of(student: Path) -> set[str]:
    """The parts of a student: the first words of its weights' names."""
    weights, _ = read_checkpoint(student)
    return {name.partition('.')[0] for name in weights}


def put_student(config: Config, student: Path | None) -> None:
    """Start the parts of a recipe that take a student from this one, or at random where it has none."""
    parts = set() if student is None else parts_of(student)
    for part in ('backbone', 'neck'):
        settings = config.model.get(part) or {}
        if settings.get('init_cfg'):  # not the neck of a detector, which no student has
            start = dict(type='StrictPretrained', checkpoint=str(student), prefix=f'{part}.')
            settings.init_cfg = start if part in parts else None


def is_of_objects(config: Config) -> bool:
    """Whether a pretraining's network takes single objects: recipes of rooms have no use for its student."""
    return config.model.get('backbone', {}).get('type') == 'TokenTransformer'


def measure_with_labels(config: Config) -> str | None:
    """The measure that a recipe is by itself, where its objectives stand beside labels; None of others.

    What such a method teaches is taught with the labels, and a pretraining with labels of the tested domain
    would be compared with none: its recipe takes the place of fine-tuning, or of detection.
    """
    if config.model.type != 'WithObjectives':
        return None
    return 'detection' if 'bbox_head' in config.model.model else 'fine-tuning'


def image_network_of(config: Config) -> ConfigDict | None:
    """The config of the image network that a pretraining trains; None where it trains none."""
    image = config.model.get('image')
    return image if image is not None and image.type == 'ImageEncoder' else None


def put_image_network(config: Config, image: ConfigDict, weights: Path | None) -> None:
    """Make a probe read all maps of an image network, from a file or as it starts by itself.

    Args:
        config: Recipe of the probe, changed in place.
        image: Config of the :class:`ImageEncoder` that was pretrained.
        weights: Its ``image.pth``.
    """
    chosen = copy.deepcopy(image)
    network = MODELS.build(chosen.backbone)
    network.eval()  # a ResNet of mmdet does not return itself
    with torch.no_grad():
        maps = network(torch.zeros(1, 3, 64, 64))
    chosen.out_indices = tuple(range(len(maps)))
    if weights is not None:
        chosen.backbone.init_cfg = dict(
            type='StrictPretrained', checkpoint=str(weights), prefix='image.backbone.'
        )
    config.model.image = chosen
    config.model.decode_head.in_channels = sum(one.shape[1] for one in maps)


def put_raw_inputs(config: Config) -> None:
    """Make a probe's recipe read the raw inputs; there is nothing to freeze."""
    config.model.backbone = ConfigDict(type='RawInputs')
    config.model.neck = None
    config.model.test_cfg = dict(mode='whole')  # chunks are of networks that look around
    config.model.decode_head.in_channels = RawInputs.channels
    config.custom_hooks = [hook for hook in config.custom_hooks if hook.type != 'FreezeHook']
