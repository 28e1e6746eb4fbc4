"""From the packed views of a batch to voxels with fields."""

from __future__ import annotations

from mmdet3d.registry import MODELS

from .view_fields import join_view
from .voxel_preprocessor import VoxelPreprocessor


@MODELS.register_module()
class ViewPreprocessor(VoxelPreprocessor):
    """Voxelise every view of a batch and join the fields of its samples.

    Takes what ``PackPretrainInputs`` packs, gives ``inputs['views']``, a list of :class:`CloudView`. A batch
    without views, as those that a method with labels is tested on, is that of :class:`VoxelPreprocessor`,
    whose arguments this class has.
    """

    def simple_process(self, data: dict, training: bool = False) -> dict:
        """Build the views on the model's device."""
        if 'views' not in data['inputs']:
            return super().simple_process(data, training)
        data = self.cast_data(data)
        views = [
            join_view(self.voxelize_batch(view['points'], data.get('data_samples'), training), view)
            for view in data['inputs']['views']
        ]
        return dict(inputs=dict(views=views), data_samples=data.get('data_samples'))
