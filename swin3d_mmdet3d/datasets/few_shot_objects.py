"""Few-shot classification of objects: some classes, some objects of each."""

from __future__ import annotations

from typing import Any

import numpy as np
from mmdet3d.registry import DATASETS

from .object_clouds import ObjectCloudDataset


@DATASETS.register_module()
class FewShotObjectDataset(ObjectCloudDataset):
    """Objects of ``num_ways`` classes, ``num_shots`` of each, drawn by the number of the fold.

    A fold has the same classes in every split, numbered in the order in which they were drawn.

    Args:
        num_ways: Number of classes.
        num_shots: Objects of each class: the shots to train on, 20 queries to test on.
        fold: Number of the draw, not negative.
        kwargs: Arguments of :class:`ObjectCloudDataset`.

    Raises:
        ValueError: Naming ``num_ways`` or ``num_shots``, if there are not as many classes or objects.

    Source: datasets/generate_few_shot_data.py in github.com/ZrrSkywalker/I2P-MAE, whose draws are files.
    """

    def __init__(self, num_ways: int = 5, num_shots: int = 10, fold: int = 0, **kwargs: Any) -> None:
        self.num_ways, self.num_shots, self.fold = num_ways, num_shots, fold
        super().__init__(**kwargs)

    def load_data_list(self) -> list[dict[str, Any]]:
        """The objects of the fold."""
        objects = super().load_data_list()
        names = self.objects.classes
        if not 2 <= self.num_ways <= len(names):
            raise ValueError(f'num_ways must lie in [2, {len(names)}], got {self.num_ways}')
        classes = np.random.default_rng(self.fold).permutation(len(names))[: self.num_ways].tolist()
        rng = np.random.default_rng([self.fold, self.split == 'train'])
        chosen = []
        for label, old in enumerate(classes):
            own = [info for info in objects if info['gt_label'] == old]
            if not 1 <= self.num_shots <= len(own):
                raise ValueError(
                    f'num_shots must lie in [1, {len(own)}], objects of {names[old]}, got {self.num_shots}'
                )
            rows = rng.permutation(len(own))[: self.num_shots]
            chosen += [dict(own[row], gt_label=label) for row in rows]
        self._metainfo['classes'] = tuple(names[old] for old in classes)
        return chosen
