"""From the objects of a batch to dense tensors."""

from __future__ import annotations

import torch
from mmdet3d.registry import MODELS
from mmengine.model import BaseDataPreprocessor


@MODELS.register_module()
class ObjectPreprocessor(BaseDataPreprocessor):
    """Stack what ``PackObjectInputs`` packs on the model's device.

    ``inputs`` become ``points`` (B, P, 3) and, where objects have images, ``images`` (B, V, 3, size, size)
    and ``pixels`` (B, V, P, 2).

    Args:
        non_blocking: As of mmengine's class.
    """

    def forward(self, data: dict, training: bool = False) -> dict:
        """Check and stack a batch.

        Raises:
            ValueError: If objects differ in their number of points, or points are none or not finite.
        """
        data = self.cast_data(data)
        clouds = data['inputs']['points']
        sizes = {tuple(cloud.shape) for cloud in clouds}
        if len(sizes) != 1 or clouds[0].ndim != 2 or clouds[0].shape[1] != 3 or not len(clouds[0]):
            raise ValueError(
                f'points must be (P, 3) with one P >= 1 in all objects, got {sorted(sizes)}; '
                'PointSample gives all the same number'
            )
        inputs = {name: torch.stack(list(values)) for name, values in data['inputs'].items()}
        if not bool(inputs['points'].isfinite().all()):
            raise ValueError('points must be finite, got NaN or infinite values')
        return dict(inputs=inputs, data_samples=data.get('data_samples'))
