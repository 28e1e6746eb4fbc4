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

    Raises:
        ValueError: If no scene has a box.

    Source: arXiv 1908.09492, section 3.2; CBGSDataset of mmdet3d 1.4.0.
    """

    def _get_sample_indices(self, dataset: BaseDataset) -> list[int]:
        scenes: dict[int, list[int]] = {}
        for index in range(len(dataset)):
            for label in sorted(dataset.get_cat_ids(index) - {-1}):
                scenes.setdefault(label, []).append(index)
        if not scenes:
            raise ValueError(f'dataset must have a scene with a box, got none in {len(dataset)} scenes')
        draws = sum(map(len, scenes.values())) // len(scenes)
        return [int(i) for label in sorted(scenes) for i in np.random.choice(scenes[label], draws)]
