"""What is held equal for every method: rooms, labelled scenes, trainings and budget."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np

from ..synthetic_rooms import make_rooms
from ..synthetic_rooms.make_rooms import RECIPE

ROOMS_SEED = 11
"""Seed of the rooms of the published table; no recipe was tuned on them."""
BASELINES = ('scratch', 'raw', 'supervised')
"""What every method is compared with, by the names under which their results are kept."""
DOMAINS = ('s3dis', 'scannet', 'structured3d')
NUM_TRAINING_AREAS = 5


@dataclass(frozen=True)
class Protocol:
    """Rooms, labels and recipes of the comparison.

    All rooms are in three layouts side by side, ``s3dis`` (with frames), ``scannet`` and ``structured3d``;
    what follows a pretraining is trained and tested on ``s3dis``, whose area 5, a sixth of the rooms, is held
    out of every training, the pretraining included.

    Attributes:
        rooms_seed: seed of the rooms.
        rooms, points, frames: rooms in each layout, points of a room, RGB-D frames of a room of ``s3dis``.
        few_labels, probed, detected: how many labelled rooms fine-tuning, probes and detection train on.
        detection_seeds, detection_steps: the seeds for which detection is trained, and how long.
        control_seeds: the seeds for which methods are trained on shuffled correspondences.
        budget: CPU minutes that pretraining, fine-tuning and both probes of one seed shall take at most.
        recipes: config of each measure; ``pretraining`` holds the place of a method's name.
    """

    rooms_seed: int = ROOMS_SEED
    rooms: int = 60
    points: int = 30000
    frames: int = 6
    few_labels: int = 2
    probed: int = 10
    detected: int = 10
    detection_seeds: tuple[int, ...] = (0, 1)
    detection_steps: int = 400
    control_seeds: tuple[int, ...] = (0, 1)
    budget: float = 10.0
    recipes: dict[str, str] = field(
        default_factory=lambda: {
            'pretraining': 'pretraining/{0}/{0}_swin3d-tiny_rooms.py',
            'fine-tuning': 'transfer/swin3d-tiny_rooms-seg_few.py',
            'decoder probe': 'transfer/swin3d-tiny_rooms-seg_probe.py',
            'encoder probe': 'transfer/swin3d-tiny_rooms-seg_encoder-probe.py',
            'image probe': 'images/efficientnet-lite0_rooms-seg_probe.py',
            'detection': 'transfer/tr3d_swin3d-tiny_rooms-s3dis-det_from-student.py',
        }
    )

    def make_rooms(self, folder: Path) -> Path:
        """Make what is not there yet; returns the folder of the ``s3dis`` rooms."""
        root = folder / f'rooms{self.rooms_seed}'
        for domain in DOMAINS:
            frames = dict(frames_per_room=self.frames, frame_size=(320, 240)) if domain == 's3dis' else {}
            make_rooms(domain, root / domain, self.rooms, self.points, seed=self.rooms_seed, **frames)
        return root / 's3dis'

    def scenes(self, measure: str, seed: int) -> list[int]:
        """The labelled rooms of a measure: the same for every method, others for each seed."""
        count = {'fine-tuning': self.few_labels, 'detection': self.detected}.get(measure, self.probed)
        return labelled_scenes(self.rooms, count, seed)

    def as_json(self) -> dict:
        """The numbers that have to agree for results to be compared."""
        numbers = asdict(self)
        for of_no_result in ('recipes', 'budget', 'detection_seeds', 'control_seeds'):
            del numbers[of_no_result]
        return dict(numbers, rooms_recipe=RECIPE)


def labelled_scenes(num_rooms: int, count: int, seed: int) -> list[int]:
    """Which ``count`` of the training areas' rooms have labels, drawn by the seed.

    Raises:
        ValueError: If there are fewer rooms to draw from.
    """
    trained = num_rooms - num_rooms // (NUM_TRAINING_AREAS + 1)
    if count > trained:
        raise ValueError(f'count must be at most the {trained} rooms that are not held out, got {count}')
    return sorted(int(scene) for scene in np.random.default_rng(seed).permutation(trained)[:count])
