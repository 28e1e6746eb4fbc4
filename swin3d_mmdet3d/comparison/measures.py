"""The measures of a method: what its student is worth to segmentation, detection and linear probes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import torch
from mmengine.config import Config
from mmengine.runner import Runner

from ..datasets.wrapped_settings import innermost_dataset
from ..pretraining.feature_rank import feature_rank
from ..pretraining.feature_spread import feature_spread
from .method_names import recipe_of
from .protocol import Protocol
from .runs import room_config, train, train_and_test
from .step_cost import step_cost
from .students import (
    find_student,
    image_network_of,
    is_of_objects,
    measure_with_labels,
    parts_of,
    put_image_network,
    put_raw_inputs,
    put_student,
)

SEGMENTATION = ('fine-tuning', 'decoder probe', 'encoder probe')
LOOKED_AT = 10
"""Held-out rooms whose features are looked at."""


@dataclass(frozen=True)
class Measurement:
    """One method and seed of the comparison, measure by measure.

    Attributes:
        protocol: what all methods have in common.
        method: name of the method or of a baseline, or a config.
        seed: of every training, and of the draw of labelled rooms.
        rooms: folder of the ``s3dis`` rooms.
        folder: where its trainings work.
    """

    protocol: Protocol
    method: str
    seed: int
    rooms: Path
    folder: Path

    def measures(self) -> dict[str, Callable[[], dict[str, Any]]]:
        """The measures in their order, each a function that gives its numbers."""
        if self.method == 'raw':
            return {'decoder probe': lambda: self._labelled('decoder probe')}
        chosen: dict[str, Callable[[], dict[str, Any]]] = {}
        if self.method != 'scratch':
            recipe = self._pretraining()
            if (measure := measure_with_labels(recipe)) is not None:
                return self._beside_labels(measure)
            chosen['pretraining'] = self._pretrain
            chosen['cost'] = self._cost
            if is_of_objects(recipe):
                return {**chosen, 'linear SVM': self._linear_svm}
            if image_network_of(recipe) is not None:
                chosen['image probe'] = lambda: self._probe_images(self._work('pretraining') / 'image.pth')
                chosen['image start'] = lambda: self._probe_images(None)
                if recipe.model.get('backbone') is None:
                    return chosen
        for measure in SEGMENTATION:
            chosen[measure] = lambda measure=measure: self._labelled(measure)
        chosen['spread'] = self._spread
        if self.seed in self.protocol.detection_seeds:
            chosen['detection'] = lambda: self._labelled('detection')
        return chosen

    def _pretrain(self) -> dict[str, Any]:
        """Pretrain the student; CPU seconds and steps."""
        config = self._pretraining()
        _, seconds = train(config)
        return dict(cpu_seconds=round(seconds, 1), steps=config.train_cfg.max_iters)

    def _pretraining(self) -> Config:
        """The config that pretrains the method."""
        recipe = recipe_of(self.method, self.protocol)
        return room_config(recipe, self.rooms, self._work('pretraining'), self.seed)

    def _beside_labels(self, measure: str) -> dict[str, Callable[[], dict[str, Any]]]:
        """Measures of objectives beside labels: the method's own recipe takes the place of one measure."""
        chosen: dict[str, Callable[[], dict[str, Any]]] = {'cost': self._cost}
        if measure != 'detection' or self.seed in self.protocol.detection_seeds:
            recipe = recipe_of(self.method, self.protocol)
            chosen[measure] = lambda: self._train_labelled(self._config(recipe, measure), measure)
        return chosen

    def _probe_images(self, weights: Path | None) -> dict[str, Any]:
        """Train the probe of images from a file, or from the start of the pretraining; scores in percent."""
        config = self._config(self.protocol.recipes['image probe'], 'image probe')
        put_image_network(config, image_network_of(self._pretraining()), weights)
        return self._train_labelled(config, 'image probe')

    def _linear_svm(self) -> dict[str, Any]:
        """What a pretraining on single objects tests: accuracies in [0, 1] and the penalty C."""
        config = self._pretraining()
        start = dict(type='StrictPretrained', checkpoint=str(self._student()), prefix='backbone.')
        config.model.backbone.init_cfg = start
        runner = Runner.from_cfg(config)
        runner.model.init_weights()
        return dict(metrics={name: float(value) for name, value in runner.test().items()})

    def _cost(self) -> dict[str, Any]:
        """CPU time of a step over that of PPKT's, and peak memory of the method's steps."""
        recipe, yardstick = (recipe_of(method, self.protocol) for method in (self.method, 'ppkt'))
        return step_cost(recipe, yardstick, self.rooms)

    def _labelled(self, measure: str) -> dict[str, Any]:
        """Train a recipe on labelled rooms from the student; held-out scores in percent."""
        student = self._student()
        if measure == 'decoder probe' and student is not None and 'neck' not in parts_of(student):
            return dict(metrics={}, note='the student has no decoder')
        return self._train_labelled(self._recipe(measure), measure)

    def _train_labelled(self, config: Config, measure: str) -> dict[str, Any]:
        """Train a config on the labelled rooms of a measure; held-out scores in percent."""
        restrict_scenes(config, self.protocol.scenes(measure, self.seed))
        return train_and_test(config)

    def _spread(self) -> dict[str, Any]:
        """How far features are from collapse: spread of the decoder's, and rank of the encoder's.

        The spread is 1 where features are spread out, 0 where they have collapsed; the rank that of the
        features which the encoder's probe reads.
        """
        return dict(
            spread=self._over_rooms('fine-tuning', feature_spread),
            encoder_rank=self._over_rooms('encoder probe', feature_rank),
        )

    def _over_rooms(self, measure: str, function: Callable[[torch.Tensor], torch.Tensor]) -> float:
        """Mean over held-out rooms of a function of the features (N, C) that a measure starts from."""
        runner = Runner.from_cfg(self._recipe(measure))
        model = runner.model
        model.init_weights()
        model.eval()
        values = []
        with torch.no_grad():
            for batch in islice(runner.build_dataloader(runner.cfg.test_dataloader), LOOKED_AT):
                inputs = model.data_preprocessor(batch)['inputs']
                feats, _ = model.extract_feat(inputs['feats'], inputs['voxels'])
                values.append(float(function(feats)))
        return sum(values) / len(values)

    def _recipe(self, measure: str) -> Config:
        """The config of a measure, from the student or, for scratch, from random weights."""
        config = self._config(self.protocol.recipes[measure], measure)
        if self.method == 'raw':
            put_raw_inputs(config)
        else:
            put_student(config, self._student())
        return config

    def _config(self, recipe: str, measure: str) -> Config:
        """A config on the rooms; detection takes the protocol's steps."""
        iters = self.protocol.detection_steps if measure == 'detection' else None
        return room_config(recipe, self.rooms, self._work(measure), self.seed, iters)

    def _student(self) -> Path | None:
        """The student of the method; None for the baselines without one."""
        return None if self.method in ('scratch', 'raw') else find_student(self._work('pretraining'))

    def _work(self, measure: str) -> Path:
        return self.folder / measure.replace(' ', '-')


def restrict_scenes(config: Config, scenes: list[int]) -> None:
    """Train on the chosen rooms alone, numbered over the training areas in their order."""
    dataset = innermost_dataset(config.train_dataloader)
    if 'datasets' in dataset:
        areas = dataset.pop('datasets')
        dataset.clear()
        dataset.update(areas[0], ann_file=[area.ann_file for area in areas])
    dataset.indices = scenes
