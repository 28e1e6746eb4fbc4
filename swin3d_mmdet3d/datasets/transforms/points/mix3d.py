"""Mix3D: two scenes in one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from mmcv.transforms import BaseTransform, Compose
from mmdet3d.registry import TRANSFORMS

from ..argument_checks import check_probability
from ..scene_joining import append_scene
from .shifts import CenterShift


@TRANSFORMS.register_module()
class Mix3D(BaseTransform):
    """Put a second random scene of the data set into the first, both centred.

    Masks, boxes, frames and fields are joined as by :func:`append_scene`.

    Required key: ``dataset``, which mmdet3d's segmentation datasets give in training.

    Args:
        pre_transform: Pipeline that loads and augments the second scene; one that it skips is not mixed in.
        prob: Probability of mixing.

    Source: arXiv 2110.02210 (Mix3D); there over pairs of a batch, here inside the pipeline of a sample.
    """

    def __init__(self, pre_transform: Sequence[dict], prob: float = 0.8) -> None:
        if not pre_transform:
            raise ValueError('pre_transform must load the second scene, got no transform')
        self.pre_transform = Compose(list(pre_transform))
        self.prob = check_probability('prob', prob)
        self.center = CenterShift()

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        """Append the points, labels, boxes and frames of the second scene.

        Raises:
            ValueError: If the data set is not known, or the second scene lacks what the first one has.
        """
        if np.random.rand() >= self.prob:
            return results
        if 'dataset' not in results:
            raise ValueError('dataset must be among the keys of a training sample for Mix3D, got none')
        dataset = results['dataset']
        second = self.pre_transform(dataset.get_data_info(np.random.randint(len(dataset))))
        if second is None:
            return results
        return append_scene(self.center(results), self.center(second))

    def __repr__(self) -> str:
        return f'{type(self).__name__}(prob={self.prob})'
