"""Scenes drawn so that every class that occurs has the same share of the draws."""

from __future__ import annotations

import numpy as np
from mmdet3d.datasets import CBGSDataset
from mmdet3d.registry import DATASETS
from mmengine.dataset import BaseDataset


@DATASETS.register_module()
class PresentClassBalancedDataset(CBGSDataset):
    """Class-balanced sampling that leaves out classes without a box, by which the stock data set divides.

    An epoch has as many draws as there are pairs of a scene and a class in it. Each of the K classes that
    occur gets floor(draws / K), drawn with replacement from its scenes by numpy's generator when the data
    set is built. Scenes without boxes are never drawn.

    Args:
        dataset: The detection data set, or its config.
        lazy_init: Whether to leave reading the annotations for later.
        seed: Seed of the draws; they depend on it and the annotations alone, so that all processes, and a
            resumed training, have the same.

    Raises:
        ValueError: If no scene has a box.

    Source: arXiv 1908.09492, section 3.2; CBGSDataset of mmdet3d 1.4.0.
    """

    def __init__(self, dataset: BaseDataset | dict, lazy_init: bool = False, seed: int = 0) -> None:
        self.seed = seed
        super().__init__(dataset, lazy_init)

    def _get_sample_indices(self, dataset: BaseDataset) -> list[int]:
        scenes: dict[int, list[int]] = {}
        for index in range(len(dataset)):
            for label in sorted(dataset.get_cat_ids(index) - {-1}):
                scenes.setdefault(label, []).append(index)
        if not scenes:
            raise ValueError(f'dataset must have a scene with a box, got none in {len(dataset)} scenes')
        draws = sum(map(len, scenes.values())) // len(scenes)
        generator = np.random.default_rng(self.seed)
        return [int(i) for label in sorted(scenes) for i in generator.choice(scenes[label], draws)]
