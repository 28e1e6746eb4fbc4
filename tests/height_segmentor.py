"""A segmentor with a known answer: a point's class is its height above the lowest, in steps of 1 m."""

from __future__ import annotations

import torch
from mmdet3d.models.segmentors import Base3DSegmentor
from mmdet3d.registry import MODELS
from mmdet3d.structures import PointData

NAMES = ('low', 'middle', 'high')
PALETTE = ((0, 0, 255), (0, 255, 0), (255, 0, 0))
CONFIG = """
model = dict(
    type='HeightSegmentor', step={step}, data_preprocessor=dict(type='Det3DDataPreprocessor'))
pipeline = [
    dict(type='LoadColoredPoints'),
    {normals}
    dict(type='LoadSceneAnnotations', with_bbox_3d=False, with_label_3d=False, with_seg_3d=True),
    dict(type='MapSemanticLabels'),
    dict(type='NormalizeColorSigned'),
    dict(type='Pack3DDetInputs', keys=['points']),
]
test_dataloader = dict(dataset=dict(type='S3DISWholeSceneDataset', pipeline=pipeline))
default_scope = 'mmdet3d'
"""


@MODELS.register_module()
class HeightSegmentor(Base3DSegmentor):
    """Its weights are the class borders in metres; it keeps the last points it was given."""

    def __init__(self, step=1.0, borders=2, data_preprocessor=None):
        super().__init__(data_preprocessor=data_preprocessor)
        self.borders = torch.nn.Parameter(step * torch.arange(1.0, borders + 1))

    def predict(self, batch_inputs, batch_data_samples):
        self.points = batch_inputs['points']
        for points, sample in zip(self.points, batch_data_samples):
            label = torch.bucketize(points[:, 2].contiguous(), self.borders.detach(), right=True)
            sample.pred_pts_seg = PointData(pts_semantic_mask=label)
        return batch_data_samples

    def loss(self, batch_inputs, batch_data_samples):
        raise NotImplementedError

    def _forward(self, batch_inputs, batch_data_samples=None):
        raise NotImplementedError

    extract_feat = encode_decode = _forward


def write_height_model(folder, step=1.0, normals=False, meta=True):
    """Write a config and a checkpoint; returns their paths."""
    config, checkpoint = folder / 'height.py', folder / 'height.pth'
    config.write_text(CONFIG.format(step=step, normals="dict(type='LoadNormals')," if normals else ''))
    state = dict(borders=step * torch.arange(1.0, 3.0))
    dataset_meta = dict(classes=NAMES, palette=PALETTE)
    torch.save(dict(state_dict=state, meta=dict(dataset_meta=dataset_meta) if meta else {}), checkpoint)
    return config, checkpoint
